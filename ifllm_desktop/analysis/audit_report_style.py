"""Style of the report: the program's own tokens, light and dark by what the reader's system asks for, and for paper."""

from __future__ import annotations

TOKENS: dict[str, tuple[str, str]] = {
    "background": ("#F3F5F7", "#12171C"), "surface": ("#FFFFFF", "#1A2027"), "raised": ("#F8FAFB", "#222A32"),
    "sunken": ("#E9EDF1", "#0D1115"), "border": ("#D5DBE1", "#323C46"), "border_strong": ("#7D8894", "#76828F"),
    "text": ("#17202A", "#E7EBEF"), "text_muted": ("#56616D", "#A5B0BB"), "accent": ("#0F6B75", "#55C3CD"),
    "success": ("#27702C", "#7CC982"), "success_soft": ("#E2F1E3", "#1B3420"), "warning": ("#8A5200", "#EAB45C"),
    "warning_soft": ("#FBEFD5", "#3B2D12"), "danger": ("#B3261E", "#F28B82"), "gaze": ("#1D5FD1", "#7FB0FF"),
    "fixation": ("#0B3276", "#D3E3FF"), "heat1": ("#FFF6DB", "#26271F"), "heat2": ("#FFE7AE", "#3D3217"),
    "heat3": ("#FFCF7A", "#563E10"), "heat4": ("#FCAE55", "#744E0E"), "heat5": ("#EF8A3C", "#93580F"),
}  # fmt: skip
"""Colours by role, (light, dark): the same values as in the window."""

_RULES = """
*{box-sizing:border-box}
body{margin:0;background:var(--background);color:var(--text);font:14px/20px system-ui,"Segoe UI",Roboto,sans-serif;
 font-variant-numeric:tabular-nums}
main,header,footer{max-width:1180px;margin:0 auto;padding:16px 24px}
h1{font-size:28px;line-height:36px;margin:8px 0 4px}
h2{font-size:20px;line-height:28px;margin:24px 0 8px}
h3{font-size:16px;line-height:24px;margin:0 0 8px}
p{margin:0 0 8px;max-width:75ch}
.muted,figcaption,dt,th{color:var(--text_muted)}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));
 gap:12px;align-items:start}
.card,details{background:var(--surface);border:1px solid var(--border);border-radius:8px;padding:12px 16px}
figure{margin:0}
figcaption{font-size:12px;line-height:16px;margin-top:4px}
.figures{display:flex;flex-wrap:wrap;gap:8px 32px;margin:12px 0}
.figures b{display:block;font-size:20px;line-height:28px}
.figures span{font-size:12px;color:var(--text_muted)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:12px;line-height:16px;background:var(--surface)}
caption{text-align:left;color:var(--text_muted);padding:0 0 6px;font-size:12px}
th,td{padding:6px 8px;text-align:left;border-bottom:1px solid var(--border);font-weight:400;vertical-align:top}
thead th{background:var(--raised)}
tbody th{color:var(--text);font-weight:600}
.n{text-align:right;white-space:nowrap}
.out td,.out th{color:var(--text_muted)}
.chip{display:inline-block;padding:0 8px;border-radius:10px;border:1px solid transparent;white-space:nowrap}
.supported{background:var(--success_soft);color:var(--success)}
.probable{background:var(--warning_soft);color:var(--warning)}
.refused{border:1px dashed var(--border_strong);color:var(--text_muted)}
.danger{color:var(--danger)}
.warning{color:var(--warning)}
details{margin:0 0 8px}
summary{cursor:pointer;font-weight:600}
summary span{font-weight:400;color:var(--text_muted);margin-left:8px}
details>*:not(summary){margin-top:12px}
.attempts{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:12px}
.used{border:2px solid var(--accent)}
dl{display:grid;grid-template-columns:auto 1fr;gap:2px 12px;margin:0;font-size:12px;line-height:16px}
dd{margin:0}
a{color:var(--accent)}
a:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
blockquote{margin:0 0 12px;padding:12px 16px;background:var(--surface);border-left:3px solid var(--accent);
 max-width:80ch}
svg{display:block;width:100%;height:auto}
svg text{font-size:11px;fill:var(--text_muted)}
svg .strong{font-size:12px;font-weight:600;fill:var(--text)}
svg .cell{fill:var(--text)}
svg text.danger{fill:var(--danger)}
svg text.accent{fill:var(--accent)}
.screen{fill:var(--sunken);stroke:var(--border_strong)}
.cross{stroke:var(--text);stroke-width:1.5;fill:none}
.arrow{stroke:var(--fixation);stroke-width:2;fill:none}
.head{fill:var(--fixation)}
.ellipse{fill:var(--gaze);fill-opacity:.12;stroke:var(--gaze)}
.single{stroke:var(--gaze);stroke-opacity:.35;fill:none;stroke-width:.8}
path.line{stroke:var(--border)}
.axis{stroke:var(--border_strong)}
.session{stroke:var(--text_muted);stroke-opacity:.45;fill:none}
.band{fill:var(--text_muted);fill-opacity:.22}
.median{stroke:var(--text);stroke-width:2;fill:none}
.limit{stroke:var(--danger);stroke-dasharray:4 3}
.refit{stroke:var(--accent);stroke-dasharray:4 3}
.chosen{stroke:var(--gaze);stroke-width:2;fill:none}
.thin{stroke-width:.8}
.headline{stroke:var(--fixation);stroke-width:.8;fill:none}
.dot{fill:var(--gaze);stroke:var(--surface)}
.blink{fill:var(--gaze);fill-opacity:.5}
.gap{fill:var(--gaze)}
.long{fill:var(--warning)}
.mark{stroke:var(--text_muted);stroke-dasharray:3 3}
.heat0{fill:none;stroke:var(--border);stroke-dasharray:4 3}
@media print{
 body{background:#fff;font-size:12px}
 main,header,footer{max-width:none;padding:0}
 .card,details,figure,tr,blockquote{break-inside:avoid}
 details::details-content{content-visibility:visible;height:auto}
 .scroll{overflow:visible}
}
"""


def style() -> str:
    """The whole style sheet."""
    light = ";".join(f"--{name}:{pair[0]}" for name, pair in TOKENS.items())
    dark = ";".join(f"--{name}:{pair[1]}" for name, pair in TOKENS.items())
    heat = "\n".join(f".heat{n}{{fill:var(--heat{n})}}" for n in range(1, 6))
    return (
        f":root{{color-scheme:light dark;{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{_RULES.strip()}\n{heat}\n"
    )

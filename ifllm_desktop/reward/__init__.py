"""From measures to a score per answer: data set, model, training, evaluation. The only users of torch."""

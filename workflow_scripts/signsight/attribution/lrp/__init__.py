"""Layer-wise relevance propagation: rules, the mode that applies them to any network, the methods.

Relevance R of a tensor a is carried as the "gradient" G = R / a, so that autograd does the rest: a
sum splits R in proportion to its terms, ReLU and max pooling pass it to what they let through, average
pooling shares it out. Only linear layers need a rule of their own. Nothing divides by an activation,
and with LRP-0 everywhere G is the gradient itself.
"""

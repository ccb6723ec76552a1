"""Fine-tuning: parameters, precision, hosts, model, data and the Trainer that joins them."""

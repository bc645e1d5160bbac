-- One row for each epoch, written when the epoch ends.
SELECT h.run, r.model, r.grouped_by, h.epoch, h.epochs, h.loss, h.accuracy, h.validation_loss, h.validation_accuracy,
       h.learning_rate, h.rows, h.seconds, h.rows_per_second, h.at
FROM mead_catalog.training_history h JOIN mead_catalog.training_runs r ON r.id = h.run

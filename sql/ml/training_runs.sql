-- One row for each training, as it begins, goes on and ends.
SELECT id, model, grouped_by, function, options, status, error, query, started_at, ended_at, spilled, kernels
FROM mead_catalog.training_runs

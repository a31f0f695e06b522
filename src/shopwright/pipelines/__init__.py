"""One verb each; read in the order ingest, materialize, archive, train, predict."""

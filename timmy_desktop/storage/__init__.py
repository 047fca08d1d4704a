"""The local database: one writer, numbered migrations, the tamper-evident event log."""

"""Model servers that run in processes of their own."""

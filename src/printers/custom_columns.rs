//! custom_columns

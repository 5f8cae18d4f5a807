//! strategic

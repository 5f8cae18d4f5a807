//! three_way

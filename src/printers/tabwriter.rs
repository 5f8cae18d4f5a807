//! tabwriter

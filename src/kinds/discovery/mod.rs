//! The group discovery.k8s.io.

mod endpoint_slice;

pub(crate) use endpoint_slice::EndpointSlice;

//! Server-side apply.

use super::{Request, Response, Result, Server};
use crate::kinds::Kind;
use crate::machinery::status::{Reason, Status};
use crate::sim::Time;

impl Server {
    pub(super) fn apply(&mut self, _kind: &dyn Kind, _text: &str, _request: &Request, _now: Time) -> Result<Response> {
        Err(Status::new(Reason::UnsupportedMediaType, "server-side apply is not there yet"))
    }
}

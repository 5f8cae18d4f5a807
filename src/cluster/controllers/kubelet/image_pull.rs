//! Image pulls (`pkg/kubelet/images/image_manager.go`): the pull policy, the duration, the back-off.

use super::container_runtime::{ContainerRuntime, State};
use super::container_spec::ContainerSpec;
use super::images;
use super::pod_sync::PodSync;
use super::start::CREATE_RETRY;
use kctl_base::object::ValueRead;
use kctl_base::sim::Duration;

/// The step of pulling an image.
const PULL: &str = "pull";

/// Returns whether a container asks a registry for its image when it is started on a node with some images.
pub(super) fn may_pull(spec: ContainerSpec<'_>, images: &[String]) -> bool {
    spec.spec.str("/imagePullPolicy") == "Always" || !images.iter().any(|image| image == spec.spec.str("/image"))
}

impl PodSync<'_> {
    /// Pulls the image if the pull policy requires it or the node does not have it.
    pub(super) fn pull_image(&mut self, spec: ContainerSpec<'_>, container: &mut ContainerRuntime) {
        let image = spec.spec.str("/image").to_string();
        let policy = spec.spec.str("/imagePullPolicy");
        container.image = image.clone();
        if let Some(message) = images::name_error(&image) {
            self.warning(Some(spec), "InspectFailed", message.clone());
            return self.reject_image(spec, container, "InvalidImageName", message);
        }
        let is_present = (self.inputs.has_image)(&image) || self.out.pulled_images.contains(&image);
        if is_present && policy != "Always" {
            let message =
                format!("Container image \"{image}\" already present on machine and can be accessed by the pod");
            self.event(Some(spec), "Pulled", message);
            return self.create(spec, container);
        }
        if policy == "Never" {
            let message = format!("Container image \"{image}\" is not present with pull policy of Never");
            self.warning(Some(spec), "ErrImageNeverPull", message.clone());
            return self.reject_image(spec, container, "ErrImageNeverPull", message);
        }
        self.event(Some(spec), "Pulling", format!("Pulling image \"{image}\""));
        let script = self.script(spec);
        let fails = script.pull_fails || (self.inputs.is_image_missing)(&image);
        // An image that is present is only resolved, which takes no noticeable time.
        let usual = self.duration(PULL, spec.name(), container.run());
        let duration = if is_present && !fails { Duration::ZERO } else { script.pull.unwrap_or(usual) };
        let until = self.inputs.now + duration;
        if until <= self.inputs.now && is_present {
            return self.finish_pull(spec, container, fails);
        }
        container.state = State::Pulling { until, fails };
        self.out.requeue_at(until, false);
    }

    /// Waits for the next look at an image that is not one that can be pulled.
    fn reject_image(
        &mut self,
        spec: ContainerSpec<'_>,
        container: &mut ContainerRuntime,
        reason: &str,
        message: String,
    ) {
        self.warning(Some(spec), "Failed", format!("Error: {reason}"));
        let until = self.inputs.now + CREATE_RETRY;
        container.state = State::ImageError { until, reason: reason.to_owned(), message };
        self.out.requeue_at(until, true);
    }

    /// Ends a pull, with success or failure.
    pub(super) fn finish_pull(&mut self, spec: ContainerSpec<'_>, container: &mut ContainerRuntime, fails: bool) {
        let image = container.image.clone();
        if fails {
            let message = format!("Failed to pull image \"{image}\": {}", self.inputs.cri.pull_error(&image));
            self.warning(Some(spec), "Failed", message);
            self.warning(Some(spec), "Failed", "Error: ErrImagePull".into());
            let until = self.inputs.now + self.duration("back-off", spec.name(), container.run());
            container.state = State::PullFailed { until };
            return self.out.requeue_at(until, false);
        }
        container.pull_backoff = None;
        let usual = self.duration(PULL, spec.name(), container.run());
        let duration = self.script(spec).pull.unwrap_or(usual);
        let size = images::size(&image);
        let message = format!(
            "Successfully pulled image \"{image}\" in {duration} ({duration} including waiting). Image size: {size} bytes."
        );
        self.event(Some(spec), "Pulled", message);
        self.out.pulled_images.push(image);
        self.create(spec, container);
    }

    /// Delays the next attempt after a failed pull.
    pub(super) fn back_off_pull(&mut self, spec: ContainerSpec<'_>, container: &mut ContainerRuntime) {
        let until = self.inputs.now + container.pull_delay();
        let message = format!("Back-off pulling image \"{}\"", container.image);
        self.event(Some(spec), "BackOff", message);
        self.warning(Some(spec), "Failed", "Error: ImagePullBackOff".into());
        container.state = State::PullBackoff { until };
        self.out.requeue_at(until, true);
    }
}

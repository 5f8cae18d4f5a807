//! How a container gets its image: what the pull policy asks for, how long it takes, what comes after it.
//!
//! Which images there are is in [`super::images`]; when a failed pull is tried again, in [`super::container`].

use super::images;
use super::launch::CONFIG_RETRY;
use super::runtime::{ContainerRuntime, State};
use super::spec::Spec;
use super::step::Step;
use kctl_base::object::ValueRead;
use kctl_base::sim::Duration;

impl Step<'_> {
    /// Gets the image, if the policy asks for it or the node has not got it.
    pub(super) fn pull(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime) {
        let image = spec.container.str("/image").to_string();
        let policy = spec.container.str("/imagePullPolicy");
        let life = self.life(spec);
        container.image = image.clone();
        let present = (self.world.has_image)(&image) || self.out.pulled.contains(&image);
        if present && policy != "Always" {
            self.note(
                Some(spec),
                false,
                "Pulled",
                format!("Container image \"{image}\" already present on machine and can be accessed by the pod"),
            );
            return self.prepare(spec, container);
        }
        if policy == "Never" {
            self.note(
                Some(spec),
                true,
                "ErrImageNeverPull",
                format!("Container image \"{image}\" is not present with pull policy of Never"),
            );
            self.note(Some(spec), true, "Failed", "Error: ErrImageNeverPull".into());
            let until = self.world.now + CONFIG_RETRY;
            let message = format!("Container image \"{image}\" is not present with pull policy of Never");
            container.state = State::ConfigError { until, message };
            return self.out.look_at(until, true);
        }
        self.note(Some(spec), false, "Pulling", format!("Pulling image \"{image}\""));
        let fails = life.pull_fails || (self.world.is_missing)(&image);
        // Looking up an image that is there already takes no time worth mentioning.
        let takes = if present && !fails { Duration::ZERO } else { life.pull.unwrap_or(self.world.latency) };
        let until = self.world.now + takes;
        container.state = State::Pulling { until, fails };
        if until <= self.world.now && present {
            return self.pulled(spec, container, fails);
        }
        self.out.look_at(until, false);
    }

    /// A pull is over, well or not.
    pub(super) fn pulled(&mut self, spec: Spec<'_>, container: &mut ContainerRuntime, fails: bool) {
        let image = container.image.clone();
        if fails {
            self.note(
                Some(spec),
                true,
                "Failed",
                format!("Failed to pull image \"{image}\": {}", images::not_found(&image)),
            );
            self.note(Some(spec), true, "Failed", "Error: ErrImagePull".into());
            let until = self.world.now + self.world.latency;
            container.state = State::PullFailed { until };
            return self.out.look_at(until, false);
        }
        container.pull_backoff = None;
        let takes = self.life(spec).pull.unwrap_or(self.world.latency);
        let size = images::size(&image);
        let text = format!(
            "Successfully pulled image \"{image}\" in {takes} ({takes} including waiting). Image size: {size} bytes."
        );
        self.note(Some(spec), false, "Pulled", text);
        self.out.pulled.push(image);
        self.prepare(spec, container);
    }
}

//! One kustomization and everything that it includes: resources, generators, components and transformers, in kustomize's
//! order (`api/internal/target/kusttarget.go`, `api/internal/accumulator/resaccumulator.go`).

use std::collections::BTreeMap;

use super::config::TransformerConfig;
use super::config_files;
use super::error::{KustomizeError, Result, fail};
use super::generators::{self, GeneratorKind};
use super::kustomization_file::COMPONENT;
use super::loader::Loader;
use super::notes::Notes;
use super::options::Options;
use super::origin::Origin;
use super::res_id::ResId;
use super::res_map::ResMap;
use super::resource::Resource;
use super::transform::{self, Step};
use super::types::{Kustomization, Var};
use super::{parse, plugins};

/// The result of a kustomization and those that it includes.
#[derive(Default)]
pub(super) struct Accumulator {
    pub(super) resources: ResMap,
    pub(super) config: TransformerConfig,
    pub(super) vars: BTreeMap<String, Var>,
}

/// A kustomization in its directory.
pub(super) struct KustTarget<'a> {
    pub(super) loader: Loader<'a>,
    pub(super) kustomization: Kustomization,
    pub(super) options: Options,
    /// The origin of its objects; `None` unless `buildMetadata` is set.
    origin: Option<Origin>,
}

impl<'a> KustTarget<'a> {
    /// Reads the outermost kustomization.
    ///
    /// # Errors
    /// When the kustomization file is missing or invalid.
    pub(super) fn new(loader: Loader<'a>, options: Options, notes: &mut Notes) -> Result<KustTarget<'a>> {
        let kustomization = Kustomization::read(&loader, notes)?;
        let origin = (!kustomization.build_metadata.is_empty()).then(Origin::default);
        check_schema(&kustomization, &loader)?;
        Ok(KustTarget { loader, kustomization, options, origin })
    }

    /// Builds the kustomization and everything that it includes on top of `all` (`AccumulateTarget`). Name references are
    /// not updated yet.
    ///
    /// # Errors
    /// The first error of a step.
    pub(super) fn accumulate(&self, mut all: Accumulator, notes: &mut Notes) -> Result<Accumulator> {
        let k = &self.kustomization;
        self.accumulate_resources(&mut all, &k.resources, notes).map_err(|e| e.wrap("accumulating resources"))?;
        all.config.merge(config_files::load(&self.loader, &k.configurations)?)?;
        let crds = config_files::load_crds(&self.loader, &k.crds);
        all.config.merge(crds.map_err(|e| e.wrap(format!("loading CRDs [{}]", k.crds.join(" "))))?)?;
        self.run_generators(&mut all, notes)?;
        for path in &k.components {
            notes.warn_of_forced_protocol(path);
            let loader = self.loader.new_at(path).map_err(|e| component_error("loader.New ", &e))?;
            let accumulated = self.accumulate_directory(all, loader, path, true, notes);
            all = accumulated.map_err(|e| component_error("accumulateDirectory: ", &e))?;
        }
        self.run_transformers(&mut all, notes)?;
        self.run_validators(notes)?;
        self.merge_vars(&mut all)?;
        Ok(all)
    }

    /// Adds the objects of files and directories. A path that is not a resource file is tried as a directory or repository.
    ///
    /// # Errors
    /// When a path is neither.
    pub(super) fn accumulate_resources(
        &self,
        all: &mut Accumulator,
        paths: &[String],
        notes: &mut Notes,
    ) -> Result<()> {
        for path in paths {
            let Err(file_error) = self.accumulate_file(all, path) else { continue };
            if matches!(file_error, KustomizeError::Http(_)) {
                return Err(file_error);
            }
            let within = |e: KustomizeError| e.wrap(format!("accumulation err='{file_error}'"));
            notes.warn_of_forced_protocol(path);
            let loader = match self.loader.new_at(path) {
                Ok(loader) => loader,
                Err(error) => match (&file_error, &error) {
                    (KustomizeError::Malformed(_), KustomizeError::Timeout(_)) => return Err(within(error)),
                    (KustomizeError::Malformed(_), _) => return Err(file_error),
                    _ => return Err(within(error)),
                },
            };
            *all = self.accumulate_directory(std::mem::take(all), loader, path, false, notes).map_err(within)?;
        }
        Ok(())
    }

    fn accumulate_file(&self, all: &mut Accumulator, path: &str) -> Result<()> {
        let text = self.loader.load_string(path);
        let objects = text.and_then(|text| parse::objects(&text)).map_err(|error| match error {
            KustomizeError::Malformed(message) => KustomizeError::Malformed(format!("{message} in File: {path}")),
            other => other,
        });
        let objects = objects.and_then(ResMap::new);
        let objects = objects.map_err(|e| e.wrap(format!("accumulating resources from '{path}'")))?;
        let mut list = objects.into_vec();
        if let Some(origin) = &self.origin {
            list.iter_mut().for_each(|resource| origin.append(path).annotate(resource));
        }
        all.resources.append_all(list).map_err(|e| e.wrap(format!("merging resources from '{path}'")))
    }

    /// Adds another kustomization. A component is applied to `all`; any other is built on its own and then added.
    fn accumulate_directory(
        &self,
        mut all: Accumulator,
        loader: Loader<'a>,
        path: &str,
        is_component: bool,
        notes: &mut Notes,
    ) -> Result<Accumulator> {
        let root = loader.root();
        let read = Kustomization::read(&loader, notes);
        let mut kustomization = read.map_err(|e| e.wrap(format!("couldn't make target for path '{root}'")))?;
        kustomization.build_metadata = self.kustomization.build_metadata.clone();
        check_schema(&kustomization, &loader)?;
        let kind = &kustomization.kind;
        match (is_component, kind == COMPONENT) {
            (true, false) => {
                return fail(format!("expected kind '{COMPONENT}' for path '{root}' but got '{kind}'"));
            }
            (false, true) => return fail(format!("expected kind != '{COMPONENT}' for path '{root}'")),
            _ => {}
        }
        let origin = self.origin.as_ref().map(|origin| origin.append(path));
        let included = KustTarget { loader, kustomization, options: self.options, origin };
        let context = |e: KustomizeError| e.wrap(format!("recursed accumulation of path '{root}'"));
        if is_component {
            return included.accumulate(all, notes).map_err(context);
        }
        let accumulated = included.accumulate(Accumulator::default(), notes).map_err(context)?;
        all.merge(accumulated).map_err(|e| e.wrap(format!("recursed merging from path '{root}'")))?;
        Ok(all)
    }

    fn run_generators(&self, all: &mut Accumulator, notes: &mut Notes) -> Result<()> {
        let k = &self.kustomization;
        let entries = k.config_map_generator.iter().map(|g| (GeneratorKind::ConfigMap, g));
        let entries = entries.chain(k.secret_generator.iter().map(|g| (GeneratorKind::Secret, g)));
        if let Some(chart) = k.helm_charts.first() {
            let error = KustomizeError::new(match self.options.enable_helm {
                false => "must specify --enable-helm",
                true => "charts are not supported: nothing is run",
            });
            return Err(transform::config_error("HelmChartInflationGenerator", chart, error));
        }
        let external = plugins::run_generators(self, notes).map_err(|e| e.wrap("loading generator plugins"))?;
        for (kind, generator) in entries {
            let options = generators::merge_global_options(generator.options.as_ref(), k.generator_options.as_ref());
            let generated = generators::generate(kind, generator, &options, &self.loader)?;
            self.absorb(all, generated, kind.generator())?;
        }
        for (name, generated) in external {
            self.absorb(all, generated, name)?;
        }
        Ok(())
    }

    fn absorb(&self, all: &mut Accumulator, mut generated: Resource, generator: &'static str) -> Result<()> {
        if let Some(origin) = &self.origin {
            origin.configured(&self.kustomization.file, generator).annotate(&mut generated);
        }
        // Upstream prints the generator as a Go struct with an address, for which a fixed one stands.
        all.resources.absorb(generated).map_err(|e| e.wrap("merging from generator &{0xc000000000 <nil>}"))
    }

    fn run_transformers(&self, all: &mut Accumulator, notes: &mut Notes) -> Result<()> {
        let mut steps = transform::steps(&self.kustomization, &all.config, &self.loader)?;
        steps.extend(plugins::transformers(self, &self.kustomization.transformers, notes)?);
        for Step { name, transformer } in steps {
            transformer.transform(&mut all.resources)?;
            all.resources.drop_empties();
            if let Some(origin) = &self.origin {
                let origin = origin.configured(&self.kustomization.file, name);
                all.resources.iter_mut().for_each(|resource| origin.annotate_change(resource));
            }
        }
        Ok(())
    }

    /// Loads the validators. External programs are refused, and the built-in transformers, which kustomize accepts here
    /// too, may not change anything: there is nothing to run.
    fn run_validators(&self, notes: &mut Notes) -> Result<()> {
        plugins::transformers(self, &self.kustomization.validators, notes).map(drop)
    }

    fn merge_vars(&self, all: &mut Accumulator) -> Result<()> {
        let vars = &self.kustomization.vars;
        for var in vars {
            all.mark_var_source(var).and_then(|()| all.add_var(var)).map_err(|e| {
                let list: Vec<String> = vars.iter().map(Var::to_raw_string).collect();
                e.wrap(format!("merging vars [{}]", list.join(" ")))
            })?;
        }
        Ok(())
    }
}

/// Wraps an error of `components`, which kustomize prints in quotes (`%q`).
fn component_error(prefix: &str, error: &KustomizeError) -> KustomizeError {
    let message = kctl_base::field::quote(&error.to_string());
    KustomizeError::new(format!("accumulating components: {prefix}{message}"))
}

/// Refuses `openapi` schemas other than the built-in one.
fn check_schema(kustomization: &Kustomization, loader: &Loader) -> Result<()> {
    const BUILT_IN: &str = "v1.21.2";
    let openapi = &kustomization.openapi;
    match (openapi.get("path"), openapi.get("version").map(String::as_str)) {
        (Some(_), Some(_)) => fail("builtin version and custom schema provided, cannot use both"),
        (Some(path), None) => {
            loader.load(path)?;
            fail(format!("openapi.path '{path}' is not supported: only the built-in schema is used"))
        }
        (None, None | Some("" | BUILT_IN)) => Ok(()),
        (None, Some(_)) => fail("the specified OpenAPI version is not built in"),
    }
}

impl Accumulator {
    /// Adds the result of another kustomization.
    fn merge(&mut self, other: Accumulator) -> Result<()> {
        self.resources.append_all(other.resources.into_vec())?;
        self.config.merge(other.config)?;
        other.vars.values().try_for_each(|var| self.add_var(var))
    }

    /// Records the var on the object that it takes its value from. An object that does not exist is not an error here.
    fn mark_var_source(&mut self, var: &Var) -> Result<()> {
        let source = var.objref.id();
        let has_namespace = !source.namespace.is_empty() || source.cluster_scoped;
        let matches = |id: &ResId| if has_namespace { source.equals(id) } else { source.gvkn_equals(id) };
        match self.resources.matching_by_any_id(matches).as_slice() {
            [] => Ok(()),
            [at] => {
                self.resources[*at].vars.push(var.name.clone());
                Ok(())
            }
            many => fail(format!("found {} resId matches for var {var} (unable to disambiguate)", many.len())),
        }
    }

    fn add_var(&mut self, var: &Var) -> Result<()> {
        let name = var.name.clone();
        let mut var = var.clone();
        if var.fieldref.field_path.is_empty() {
            var.fieldref.field_path = "metadata.name".into();
        }
        match self.vars.insert(name.clone(), var) {
            Some(_) => fail(format!("var '{name}' already encountered")),
            None => Ok(()),
        }
    }
}

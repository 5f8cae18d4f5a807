//! One kustomization and everything below it: its resources, generators, components and transformers, in kustomize's order.

use std::collections::BTreeMap;

use super::config::{self, Config};
use super::document::COMPONENT;
use super::error::{KustomizeError, Result, fail};
use super::generate::{self, Generated};
use super::ids::ResId;
use super::loader::Loader;
use super::model::{Kustomization, Variable};
use super::origin::Origin;
use super::resource::Resource;
use super::resources::Resources;
use super::transform::{self, Step};
use super::{Notes, Options, parse, plugins};

/// What a kustomization and those below it came to.
#[derive(Default)]
pub(super) struct Accumulated {
    pub(super) resources: Resources,
    pub(super) config: Config,
    pub(super) variables: BTreeMap<String, Variable>,
}

/// A kustomization in its directory.
pub(super) struct Target<'a> {
    pub(super) loader: Loader<'a>,
    pub(super) kustomization: Kustomization,
    /// What the build may do.
    pub(super) options: Options,
    /// Where it is, when that is to be noted.
    origin: Option<Origin>,
}

impl<'a> Target<'a> {
    /// The kustomization that a build starts with.
    pub(super) fn start(loader: Loader<'a>, options: Options, notes: &mut Notes) -> Result<Target<'a>> {
        let kustomization = Kustomization::read(&loader, notes)?;
        let origin = (!kustomization.build_metadata.is_empty()).then(Origin::default);
        check_schema(&kustomization, &loader)?;
        Ok(Target { loader, kustomization, options, origin })
    }

    /// Builds it and everything below it. References are not yet brought up to date.
    pub(super) fn accumulate(&self, mut all: Accumulated, notes: &mut Notes) -> Result<Accumulated> {
        let k = &self.kustomization;
        self.add_resources(&mut all, &k.resources, notes).map_err(|e| e.within("accumulating resources"))?;
        all.config.merge(Config::load(&self.loader, &k.configurations)?)?;
        let crds = config::from_crds(&self.loader, &k.crds);
        all.config.merge(crds.map_err(|e| e.within(format!("loading CRDs [{}]", k.crds.join(" "))))?)?;
        self.generate(&mut all, notes)?;
        for path in &k.components {
            let entered = self.loader.enter(path);
            let loader = entered.map_err(|e| quoted("loader.New ", &e))?;
            all =
                self.add_directory(all, loader, path, true, notes).map_err(|e| quoted("accumulateDirectory: ", &e))?;
        }
        self.transform(&mut all, notes)?;
        self.check_validators(notes)?;
        self.add_variables(&mut all)?;
        Ok(all)
    }

    /// Adds files and directories.
    pub(super) fn add_resources(&self, all: &mut Accumulated, paths: &[String], notes: &mut Notes) -> Result<()> {
        for path in paths {
            let Err(as_file) = self.add_file(all, path) else { continue };
            let within = |e: KustomizeError| e.within(format!("accumulation err='{as_file}'"));
            let loader = match self.loader.enter(path) {
                Ok(loader) => loader,
                Err(_) if matches!(as_file, KustomizeError::Malformed(_)) => return Err(as_file),
                Err(error) => return Err(within(error)),
            };
            *all = self.add_directory(std::mem::take(all), loader, path, false, notes).map_err(within)?;
        }
        Ok(())
    }

    fn add_file(&self, all: &mut Accumulated, path: &str) -> Result<()> {
        let text = self.loader.load_text(path);
        let objects = text.and_then(|text| parse::objects(&text)).map_err(|error| match error {
            KustomizeError::Malformed(text) => KustomizeError::Malformed(format!("{text} in File: {path}")),
            other => other,
        });
        let objects = objects.and_then(Resources::new);
        let mut list = objects.map_err(|e| e.within(format!("accumulating resources from '{path}'")))?.list;
        if let Some(origin) = &self.origin {
            list.iter_mut().for_each(|resource| origin.below(path).note_on(resource));
        }
        all.resources.append_all(list).map_err(|e| e.within(format!("merging resources from '{path}'")))
    }

    /// Adds another kustomization; a component works on what is there already.
    fn add_directory(
        &self,
        mut all: Accumulated,
        loader: Loader<'a>,
        path: &str,
        is_component: bool,
        notes: &mut Notes,
    ) -> Result<Accumulated> {
        let root = loader.root();
        let read = Kustomization::read(&loader, notes);
        let mut kustomization = read.map_err(|e| e.within(format!("couldn't make target for path '{root}'")))?;
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
        let origin = self.origin.as_ref().map(|origin| origin.below(path));
        let below = Target { loader, kustomization, options: self.options, origin };
        let recursed = |e: KustomizeError| e.within(format!("recursed accumulation of path '{root}'"));
        if is_component {
            return below.accumulate(all, notes).map_err(recursed);
        }
        let inner = below.accumulate(Accumulated::default(), notes).map_err(recursed)?;
        all.merge(inner).map_err(|e| e.within(format!("recursed merging from path '{root}'")))?;
        Ok(all)
    }

    fn generate(&self, all: &mut Accumulated, notes: &mut Notes) -> Result<()> {
        let k = &self.kustomization;
        let generators = k.config_map_generator.iter().map(|g| (Generated::ConfigMap, g));
        let generators = generators.chain(k.secret_generator.iter().map(|g| (Generated::Secret, g)));
        if let Some(chart) = k.helm_charts.first() {
            let error = KustomizeError::new(match self.options.charts {
                false => "must specify --enable-helm",
                true => "charts are not supported: nothing is run",
            });
            return Err(transform::trouble("HelmChartInflationGenerator", chart, error));
        }
        let external = plugins::generators(self, notes).map_err(|e| e.within("loading generator plugins"))?;
        for (kind, generator) in generators {
            let options = generate::with_global(generator.options.as_ref(), k.generator_options.as_ref());
            let generated = generate::generate(kind, generator, &options, &self.loader)?;
            self.absorb(all, generated, kind.generator())?;
        }
        for (name, generated) in external {
            self.absorb(all, generated, name)?;
        }
        Ok(())
    }

    fn absorb(&self, all: &mut Accumulated, mut generated: Resource, generator: &'static str) -> Result<()> {
        if let Some(origin) = &self.origin {
            origin.configured(&self.kustomization.file, generator).note_on(&mut generated);
        }
        all.resources.absorb(generated).map_err(|e| e.within(format!("merging from generator {generator}")))
    }

    fn transform(&self, all: &mut Accumulated, notes: &mut Notes) -> Result<()> {
        let mut steps = transform::steps(&self.kustomization, &all.config, &self.loader)?;
        steps.extend(plugins::transformers(self, &self.kustomization.transformers, notes)?);
        for Step { name, transformer } in steps {
            transformer.transform(&mut all.resources)?;
            all.resources.drop_empties();
            if let Some(origin) = &self.origin {
                let origin = origin.configured(&self.kustomization.file, name);
                all.resources.list.iter_mut().for_each(|resource| origin.note_change_on(resource));
            }
        }
        Ok(())
    }

    /// Validators are programs; the only ones without a program are transformers, which must not change anything.
    fn check_validators(&self, notes: &mut Notes) -> Result<()> {
        plugins::transformers(self, &self.kustomization.validators, notes).map(drop)
    }

    fn add_variables(&self, all: &mut Accumulated) -> Result<()> {
        let variables = &self.kustomization.vars;
        for variable in variables {
            all.find_variable(variable).and_then(|()| all.add_variable(variable)).map_err(|e| {
                let list: Vec<String> = variables.iter().map(Variable::as_written).collect();
                e.within(format!("merging vars [{}]", list.join(" ")))
            })?;
        }
        Ok(())
    }
}

/// An error in quotes, as Go prints it where a text is expected.
fn quoted(prefix: &str, error: &KustomizeError) -> KustomizeError {
    let text = kctl_base::field::quote(&error.to_string());
    KustomizeError::new(format!("accumulating components: {prefix}{text}"))
}

/// Schemas other than the built-in one are not read.
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

impl Accumulated {
    /// Adds what another kustomization came to.
    fn merge(&mut self, other: Accumulated) -> Result<()> {
        self.resources.append_all(other.resources.list)?;
        self.config.merge(other.config)?;
        other.variables.values().try_for_each(|variable| self.add_variable(variable))
    }

    /// Notes on the object that a variable takes its value from that it does.
    fn find_variable(&mut self, variable: &Variable) -> Result<()> {
        let wanted = variable.objref.id();
        let exact = !wanted.namespace.is_empty() || wanted.cluster_scoped;
        let fits = |id: &ResId| if exact { wanted.same(id) } else { wanted.same_but_namespace(id) };
        match self.resources.matching_any(fits).as_slice() {
            [] => Ok(()),
            [at] => {
                self.resources.list[*at].variables.push(variable.name.clone());
                Ok(())
            }
            many => fail(format!("found {} resId matches for var {variable} (unable to disambiguate)", many.len())),
        }
    }

    fn add_variable(&mut self, variable: &Variable) -> Result<()> {
        let name = variable.name.clone();
        let mut variable = variable.clone();
        if variable.fieldref.field_path.is_empty() {
            variable.fieldref.field_path = "metadata.name".into();
        }
        match self.variables.insert(name.clone(), variable) {
            Some(_) => fail(format!("var '{name}' already encountered")),
            None => Ok(()),
        }
    }
}

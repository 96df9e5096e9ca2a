//! What an application is, and what its buildpacks are told.

use super::project::Project;
use super::used::Used;
use super::{Settings, binding, variables};
use crate::args::{Application, Ignore};
use anyhow::{Context as _, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use wattle_plan::ExecEnv;
use wattle_sandbox::Binding;
use wattle_tree::directory::{Rules, Selection};

impl Settings {
    /// The execution environment that the image is for.
    pub(crate) fn execution_environment(&self, typed: Option<&str>, used: &mut Used) -> Result<ExecEnv> {
        const VARIABLE: &str = "CNB_EXEC_ENV";
        let said = typed.map(|name| (name, "--exec-env")).or_else(|| Some((self.variable(VARIABLE)?, VARIABLE)));
        let Some((name, origin)) = said else { return Ok(ExecEnv::default()) };
        let exec_env = ExecEnv::new(name).with_context(|| format!("`{origin}` cannot be followed"))?;
        used.item("exec-env", name, origin);
        Ok(exec_env)
    }

    /// The build environment: what is typed comes before `wattle.toml`, and that before `project.toml`.
    pub(crate) fn environment(
        &self,
        args: &Application,
        project: &Project,
        execution_environment: &ExecEnv,
        used: &mut Used,
    ) -> Result<BTreeMap<String, String>> {
        let mut environment: BTreeMap<String, (String, String)> = BTreeMap::new();
        let mut add = |variables: Vec<(String, String)>, origin: &str| {
            environment.extend(variables.into_iter().map(|(name, value)| (name, (value, origin.to_owned()))));
        };
        let served = project.said.env.iter().filter(|variable| variable.serves(execution_environment));
        add(served.map(|variable| (variable.name.clone(), variable.value.clone())).collect(), &project.name);
        if let Some(path) = self.file.env_file() {
            add(variables::read(&path, &self.variables)?, &path.display().to_string());
            used.secrets.push(path);
        }
        add(self.file.env.clone().into_iter().collect(), &self.file.name);
        for path in &args.env_files {
            add(variables::read(path, &self.variables)?, &format!("--env-file {}", path.display()));
            used.secrets.push(path.clone());
        }
        for item in &args.environment {
            let Ok(variable) = variables::variable(item, &self.variables) else {
                let name = item.split('=').next().unwrap_or_default();
                bail!("`{name}` cannot be the name of a variable: write `--env NAME=VALUE`");
            };
            if variable.is_none() {
                let text = format!("`--env {item}` has no effect: there is no such variable in the environment");
                used.warnings.push(text);
            }
            add(variable.into_iter().collect(), "--env");
        }
        for (name, (_, origin)) in &environment {
            used.item("env", name, origin);
        }
        Ok(environment.into_iter().map(|(name, (value, _))| (name, value)).collect())
    }

    /// Service bindings by name: what is typed comes before `SERVICE_BINDING_ROOT`, and that before `wattle.toml`.
    pub(crate) fn bindings(&self, typed: &[String], used: &mut Used) -> Result<Vec<Binding>> {
        const ROOT: &str = "SERVICE_BINDING_ROOT";
        let mut found: BTreeMap<String, (PathBuf, &str)> = BTreeMap::new();
        found.extend(self.file.bindings().map(|(name, path)| (name.to_owned(), (path, self.file.name.as_str()))));
        if let Some(root) = self.variable(ROOT) {
            found.extend(binding::in_root(Path::new(root))?.into_iter().map(|(name, path)| (name, (path, ROOT))));
        }
        // What is not used is secret all the same.
        used.secrets.extend(found.values().map(|(path, _)| path.clone()));
        let mut names = BTreeSet::new();
        for text in typed {
            let (name, path) = binding::named(text)?;
            if !names.insert(name) {
                bail!("`--binding` names `{name}` twice: a binding has a name of its own");
            }
            used.secrets.push(path.to_owned());
            found.insert(name.to_owned(), (path.to_owned(), "--binding"));
        }
        let mut bindings = Vec::new();
        for (name, (path, origin)) in found {
            binding::check_name(&name)?;
            used.item("binding", &name, origin);
            bindings.push(binding::read(&name, &path)?);
        }
        Ok(bindings)
    }

    /// Packages of the operating system that the image is to have besides those that buildpacks ask for.
    pub(crate) fn packages(&self, typed: &[String], project: &Project, used: &mut Used) -> Vec<String> {
        let sources = [
            (self.file.packages.as_slice(), self.file.name.as_str()),
            (&project.said.packages, &project.name),
            (typed, "--package"),
        ];
        let packages = sources.into_iter().flat_map(|(list, origin)| list.iter().map(move |package| (package, origin)));
        packages.inspect(|(package, origin)| used.item("package", *package, origin)).map(|(it, _)| it.clone()).collect()
    }

    /// What of the application is left out.
    pub(crate) fn rules(&self, typed: &[Ignore], project: &Project, used: &mut Used) -> Rules {
        let chosen = |kind| typed.contains(&kind);
        let default = Rules::default();
        let git = if typed.is_empty() { default.git_ignore } else { chosen(Ignore::Git) };
        let extra = self.file.ignore.clone();
        if !extra.is_empty() {
            used.set("ignore", &self.file.name);
        }
        match &project.said.selection {
            Selection::All => {}
            Selection::Include(_) => used.set("include", &project.name),
            Selection::Exclude(_) => used.set("exclude", &project.name),
        }
        let selection = project.said.selection.clone();
        Rules { git_ignore: git, docker_ignore: chosen(Ignore::Docker), extra, selection, ..default }
    }
}

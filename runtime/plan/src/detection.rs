//! What a buildpack said when it was asked.

/// What the requirer says to the provider: a JSON object.
pub type Metadata = serde_json::Map<String, serde_json::Value>;

/// The verdict of one buildpack on one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detection {
    /// It can build the application, in one of these ways, the best first. An empty list is a buildpack that neither
    /// provides nor requires anything.
    Pass(Vec<Alternative>),
    /// It has nothing to do here, and why.
    Skip(String),
    /// It could not tell: it broke, or met something that it could not read. What it said.
    Fail(String),
}

/// One way in which a buildpack can take part in a build (CNB build plan, one `or` branch).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alternative {
    /// Names that it provides to itself and to later buildpacks.
    pub provides: Vec<String>,
    /// What it requires, from itself or an earlier buildpack.
    pub requires: Vec<Requirement>,
}

/// Something that a buildpack needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// What is needed, such as `node`.
    pub name: String,
    /// What the provider should know.
    pub metadata: Metadata,
}

impl Requirement {
    /// A requirement without metadata.
    pub fn new(name: impl Into<String>) -> Requirement {
        Requirement { name: name.into(), metadata: Metadata::new() }
    }
}

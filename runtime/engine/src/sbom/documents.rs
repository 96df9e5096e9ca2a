//! Bills of materials of layers that are taken over from the image that was built before: nobody here knows what is in them,
//! and that image says it.

use super::read::LAUNCH;
use crate::error::EngineError;
use crate::previous::Previous;
use crate::request::Engine;
use std::cell::OnceCell;
use tokio::runtime::Handle;
use wattle_oci::cnb::{self, SbomOf};
use wattle_sandbox::{Sbom, SbomFormat};
use wattle_tree::Tree;

/// The bills of the previous image, fetched when the first is asked for.
pub(crate) struct Documents<'a> {
    engine: &'a Engine,
    previous: Option<&'a Previous>,
    files: OnceCell<Tree>,
}

impl<'a> Documents<'a> {
    /// Those of this image, if there is one.
    pub(crate) fn new(engine: &'a Engine, previous: Option<&'a Previous>) -> Documents<'a> {
        Documents { engine, previous, files: OnceCell::new() }
    }

    /// What it has of a layer, in every form.
    pub(crate) fn of(&self, of: &SbomOf) -> Result<Vec<Sbom>, EngineError> {
        let files = self.files()?;
        let document = |format: SbomFormat| {
            let path = cnb::Sbom { of: of.clone(), format: super::form_of(format), document: Vec::new() }.path();
            let file = files.file(&format!("{LAUNCH}{path}"))?;
            // What is no text is no document of any form.
            let document = file.blob.to_vec().ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
            Some(Sbom { format, document })
        };
        Ok(SbomFormat::ALL.into_iter().filter_map(document).collect())
    }

    fn files(&self) -> Result<&Tree, EngineError> {
        if let Some(files) = self.files.get() {
            return Ok(files);
        }
        let layer = self.previous.and_then(|previous| {
            Some((&previous.source, cnb::sbom_layer(&previous.source.image, &previous.metadata)?))
        });
        let files = match layer {
            Some((source, layer)) => Handle::current().block_on(self.engine.documents(source, layer))?,
            None => Tree::new(),
        };
        Ok(self.files.get_or_init(|| files))
    }
}

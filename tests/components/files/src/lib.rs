//! A buildpack that writes and reads files: the application's file `work` says which. It prints the name of each phase
//! when that is over, for its host to look at the clock: a guest's own stands still.

mod workload;

use std::fs;
use std::path::Path;
use wattle_buildpack::{Build, Buildpack, Detect, Detection, Launch, Result, register};

struct Files;

impl Buildpack for Files {
    fn detect(&self, _: &Detect) -> Result<Detection> {
        Ok(Detection::pass())
    }

    #[expect(clippy::print_stdout, reason = "what a guest prints is how it tells its host something")]
    fn build(&self, cx: &Build) -> Result<Launch> {
        let work = fs::read_to_string(cx.app("work"))?;
        workload::run(&work, Path::new("/tmp"), |phase| println!("{phase}"))?;
        Ok(Launch::new())
    }
}

register!(Files);

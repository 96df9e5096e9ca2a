//! The work, with nothing but the standard library: benchmarks compile it for the machine itself too.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

const DIRECTORIES: usize = 200;
const FILES_EACH: usize = 100;
const SMALL: usize = 4 << 10;
const LARGE: u64 = 512 << 20;
const PIECE: usize = 64 << 10;

/// Does `work` in an empty directory: `small` for 20,000 files of 4 KiB, `large` for 512 MiB in pieces of 64 KiB. Calls
/// `done` at the start and after each phase.
pub(crate) fn run(work: &str, directory: &Path, done: impl Fn(&str)) -> io::Result<()> {
    done("start");
    match work {
        "small" => {
            write_small(directory)?;
            done("write");
            read_small(directory)?;
        }
        "large" => {
            write_large(&directory.join("large"))?;
            done("write");
            read_large(&directory.join("large"))?;
        }
        _ => {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{work}` is no work that is known here")));
        }
    }
    done("read");
    Ok(())
}

fn small(directory: &Path, number: usize) -> PathBuf {
    directory.join(format!("file-{number}"))
}

fn write_small(directory: &Path) -> io::Result<()> {
    let bytes = [7; SMALL];
    for number in 0..DIRECTORIES {
        let directory = directory.join(format!("directory-{number}"));
        fs::create_dir(&directory)?;
        for number in 0..FILES_EACH {
            fs::write(small(&directory, number), bytes)?;
        }
    }
    Ok(())
}

fn read_small(directory: &Path) -> io::Result<()> {
    for number in 0..DIRECTORIES {
        let directory = directory.join(format!("directory-{number}"));
        for number in 0..FILES_EACH {
            expect(fs::read(small(&directory, number))?.len() as u64, SMALL as u64)?;
        }
    }
    Ok(())
}

fn write_large(path: &Path) -> io::Result<()> {
    let piece = vec![7; PIECE];
    let mut file = File::create(path)?;
    for _ in 0..LARGE / PIECE as u64 {
        file.write_all(&piece)?;
    }
    Ok(())
}

fn read_large(path: &Path) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    let mut file = File::open(path)?;
    let mut total = 0;
    loop {
        match file.read(&mut piece)? {
            0 => return expect(total, LARGE),
            count => total += count as u64,
        }
    }
}

fn expect(found: u64, expected: u64) -> io::Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{found} bytes were read back, not {expected}")))
}

//! Whole processes beside their peers: `cargo xtask bench`.

#[cfg(target_os = "linux")]
mod suite;

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    suite::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {}

//! Docker's credential helpers: programs that are asked on their standard input and answer on their standard output.

use super::{AuthError, Credential};
use serde::Deserialize;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Long enough for somebody to unlock a key ring.
const PATIENCE: Duration = Duration::from_mins(1);
/// The user that stands for a token that buys tokens.
const TOKEN_USER: &str = "<token>";

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Username")]
    user: String,
    #[serde(rename = "Secret")]
    secret: String,
}

/// True for names that are nothing but a name: they become part of the name of a program.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Asks `docker-credential-<name>` for the credentials of `server`. None if it has none.
pub(super) async fn ask(name: &str, server: &str) -> Result<Option<Credential>, AuthError> {
    let program = format!("docker-credential-{name}");
    let failed = |reason: String| AuthError::Helper { program: program.clone(), registry: server.to_owned(), reason };
    let output = tokio::time::timeout(PATIENCE, run(&program, server))
        .await
        .map_err(|_| failed(format!("no answer within {} seconds", PATIENCE.as_secs())))?
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        // Helpers say so on standard output. Nothing else of it is repeated: it may hold a secret.
        let text = String::from_utf8_lossy(&output.stdout);
        let unknown = text.contains("credentials not found");
        return if unknown { Ok(None) } else { Err(failed(output.status.to_string())) };
    }
    let answer: Answer =
        serde_json::from_slice(&output.stdout).map_err(|_| failed("its answer cannot be read".to_owned()))?;
    Ok(Some(match answer.user.as_str() {
        TOKEN_USER => Credential::Identity(answer.secret),
        _ => Credential::Basic { user: answer.user, password: answer.secret },
    }))
}

#[expect(clippy::disallowed_methods, reason = "this is how credential helpers are asked; settings say if they are")]
async fn run(program: &str, server: &str) -> std::io::Result<Output> {
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(server.as_bytes()).await?;
    }
    child.wait_with_output().await
}

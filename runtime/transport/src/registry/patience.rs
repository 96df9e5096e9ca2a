//! Trying again.

use super::RegistryError;
use reqwest::Response;
use reqwest::header::RETRY_AFTER;
use std::time::Duration;

/// How often something is tried.
pub(super) const ATTEMPTS: u32 = 5;
/// Longest wait between two attempts that a registry can ask for.
const LONGEST: Duration = Duration::from_mins(1);
/// Wait after the first attempt, on average.
const FIRST: Duration = Duration::from_millis(200);

/// True for statuses that may be others the next time.
pub(super) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// Waits after attempt number `done`, counted from 1: as long as the answer says, or longer every time, never as long as
/// all the others who wait.
pub(super) async fn rest(done: u32, answer: Option<&Response>) {
    let asked = answer.and_then(|answer| answer.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok());
    tokio::time::sleep(delay(done, asked, fastrand::f64())).await;
}

fn delay(done: u32, asked: Option<u64>, dice: f64) -> Duration {
    let own = FIRST * 2_u32.saturating_pow(done.saturating_sub(1).min(8));
    let own = own.mul_f64(0.5 + dice);
    asked.map_or(own, |seconds| Duration::from_secs(seconds) + own).min(LONGEST)
}

/// Tries until there is an answer that stays, or often enough.
pub(super) async fn patiently<F>(attempt: impl Fn() -> F) -> Result<Response, RegistryError>
where
    F: Future<Output = Result<Response, RegistryError>>,
{
    let mut done = 1;
    loop {
        let result = attempt().await;
        let again = match &result {
            Ok(answer) => is_passing(answer.status().as_u16()),
            Err(error) => error.is_passing(),
        };
        if !again || done >= ATTEMPTS {
            return result;
        }
        rest(done, result.as_ref().ok()).await;
        done += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_every_time_but_never_for_ever() {
        let waits: Vec<u128> = (1..6).map(|done| delay(done, None, 0.5).as_millis()).collect();
        assert_eq!(waits, [200, 400, 800, 1600, 3200]);
        assert_eq!((delay(1, None, 0.0).as_millis(), delay(1, None, 1.0).as_millis()), (100, 300));
        assert_eq!(delay(1, Some(7), 0.5).as_millis(), 7200);
        assert_eq!((delay(1, Some(u64::from(u32::MAX)), 0.5), delay(99, None, 1.0)), (LONGEST, LONGEST));
    }
}

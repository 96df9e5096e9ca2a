//! Reading from a registry (distribution specification, "Pull").

use super::request::{Call, SILENCE};
use super::{RegistryError, Repository, patience};
use crate::content::{self, ContentError, Pieces};
use crate::select::{self, Named};
use bytes::Bytes;
use futures_util::stream::{StreamExt as _, try_unfold};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, RANGE};
use reqwest::{Method, Response, StatusCode};
use wattle_oci::{Descriptor, Digest, Image, MAX_CONFIG, MAX_MANIFEST, Platform, Reference, media};

/// The header with the digest of a manifest.
const DIGEST: &str = "docker-content-digest";

impl Repository {
    /// Reads the image that `reference` names: manifest and configuration, no layers.
    pub(crate) async fn read(&self, reference: &Reference, platform: &Platform) -> Result<Named, RegistryError> {
        let title = reference.to_string();
        let select = |source| RegistryError::Select { reference: title.clone(), source: Box::new(source) };
        let (mut descriptor, mut manifest) = self.named_manifest(reference).await?;
        let (mut depth, mut among) = (0, None);
        while let Some((next, offered)) = select::step(&manifest, &descriptor, platform, depth).map_err(select)? {
            (_, manifest) = self.manifest(&next.digest.to_string()).await?;
            (descriptor, among) = (next, Some(offered));
            depth += 1;
        }
        let config = select::config_of(&manifest).map_err(select)?;
        let config = self.small(&config, MAX_CONFIG).await?;
        let image = Image::new(manifest, config);
        let image = image.map_err(|source| RegistryError::Image { reference: title, source })?;
        Ok(Named { image, among })
    }

    async fn named_manifest(&self, reference: &Reference) -> Result<(Descriptor, Vec<u8>), RegistryError> {
        if let Some(digest) = reference.digest() {
            let (media_type, bytes) = self.manifest(&digest.to_string()).await?;
            return Ok((Descriptor::new(&media_type, *digest, bytes.len() as u64), bytes));
        }
        let tag = reference.tag().unwrap_or(crate::location::LATEST);
        let (media_type, bytes) = self.manifest(tag).await?;
        Ok((Descriptor::new(&media_type, Digest::of(&bytes), bytes.len() as u64), bytes))
    }

    /// A manifest or index, and its type.
    async fn manifest(&self, name: &str) -> Result<(String, Vec<u8>), RegistryError> {
        let what = format!("read the manifest `{name}` of `{}`", self.title());
        let accept = [media::MANIFEST, media::INDEX, media::DOCKER_MANIFEST, media::DOCKER_INDEX].join(", ");
        let answer = self
            .ask(&Call {
                what: &what,
                method: Method::GET,
                url: self.url(&format!("manifests/{name}")),
                fill: &|request| request.header(ACCEPT, &accept),
                silence: Some(SILENCE),
            })
            .await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Err(RegistryError::NotFound { what: format!("image `{name}` in `{}`", self.title()) });
        }
        let answer = self.expect(answer, &what, &[StatusCode::OK]).await?;
        let headers = answer.headers().clone();
        let bytes = self.body(answer, &what, MAX_MANIFEST).await?;
        self.check_digest(&headers, &bytes)?;
        let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        Ok((media_type.to_owned(), bytes))
    }

    /// Compares the bytes of a manifest with the digest that the registry says they have, if it does.
    pub(super) fn check_digest(&self, headers: &HeaderMap, bytes: &[u8]) -> Result<(), RegistryError> {
        let said = headers.get(DIGEST).and_then(|value| value.to_str().ok()?.parse::<Digest>().ok());
        let Some(expected) = said else { return Ok(()) };
        let descriptor = Descriptor::new("", expected, bytes.len() as u64);
        content::check(bytes, &descriptor).map_err(|source| self.damaged(source))
    }

    /// A blob that is short by nature.
    async fn small(&self, blob: &Descriptor, limit: usize) -> Result<Vec<u8>, RegistryError> {
        let what = format!("read `{}` of `{}`", blob.digest, self.title());
        let answer = self.open(blob, 0, &what).await?;
        let bytes = self.body(answer, &what, limit).await?;
        content::check(&bytes, blob).map_err(|source| self.damaged(source))?;
        Ok(bytes)
    }

    pub(super) fn damaged(&self, source: ContentError) -> RegistryError {
        RegistryError::Content { repository: self.title(), source }
    }

    /// The bytes of a blob, not compared with its digest yet. When the connection breaks, it goes on from there.
    pub(crate) fn pieces(&self, blob: &Descriptor) -> Pieces {
        let download = Download {
            repository: self.clone(),
            blob: blob.clone(),
            what: format!("read `{}` of `{}`", blob.digest, self.title()),
            answer: None,
            skip: 0,
            position: 0,
            failures: 0,
        };
        try_unfold(download, async |mut download| {
            let digest = download.blob.digest;
            let piece = download.next().await;
            let piece = piece.map_err(|error| ContentError::Download { digest, source: Box::new(error) })?;
            Ok(piece.map(|piece| (piece, download)))
        })
        .boxed()
    }

    /// Asks for the bytes of a blob from `position` on. Who asks must be ready for all of them.
    async fn open(&self, blob: &Descriptor, position: u64, what: &str) -> Result<Response, RegistryError> {
        let answer = self
            .ask(&Call {
                what,
                method: Method::GET,
                url: self.url(&format!("blobs/{}", blob.digest)),
                fill: &|request| match position {
                    0 => request,
                    _ => request.header(RANGE, format!("bytes={position}-")),
                },
                silence: Some(SILENCE),
            })
            .await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Err(RegistryError::NotFound { what: format!("blob `{}` in `{}`", blob.digest, self.title()) });
        }
        let good: &[StatusCode] =
            if position == 0 { &[StatusCode::OK] } else { &[StatusCode::OK, StatusCode::PARTIAL_CONTENT] };
        self.expect(answer, what, good).await
    }
}

/// A blob that is being read.
struct Download {
    repository: Repository,
    blob: Descriptor,
    what: String,
    answer: Option<Response>,
    /// Bytes of the answer that we have already.
    skip: u64,
    position: u64,
    /// Broken connections since the last byte.
    failures: u32,
}

impl Download {
    async fn next(&mut self) -> Result<Option<Bytes>, RegistryError> {
        loop {
            match self.try_next().await {
                Ok(Some(mut piece)) => {
                    let skipped = self.skip.min(piece.len() as u64);
                    self.skip -= skipped;
                    // No longer than the piece, which is in memory.
                    bytes::Buf::advance(&mut piece, usize::try_from(skipped).unwrap_or(usize::MAX));
                    self.position += piece.len() as u64;
                    self.failures = 0;
                    if !piece.is_empty() {
                        return Ok(Some(piece));
                    }
                }
                Ok(None) => return Ok(None),
                Err(error) if error.is_passing() && self.failures + 1 < patience::ATTEMPTS => {
                    self.answer = None;
                    self.failures += 1;
                    patience::rest(self.failures, None).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn try_next(&mut self) -> Result<Option<Bytes>, RegistryError> {
        let repository = &self.repository;
        let mut answer = match self.answer.take() {
            Some(answer) => answer,
            None if self.position > 0 && self.position >= self.blob.size => return Ok(None),
            None => {
                let answer = repository.open(&self.blob, self.position, &self.what).await?;
                self.skip = if answer.status() == StatusCode::PARTIAL_CONTENT { 0 } else { self.position };
                answer
            }
        };
        let piece = tokio::time::timeout(SILENCE, answer.chunk()).await;
        let piece = piece.map_err(|elapsed| repository.unreachable(&self.what, elapsed))?;
        let piece = piece.map_err(|error| repository.unreachable(&self.what, error.without_url()))?;
        self.answer = Some(answer);
        Ok(piece)
    }
}

//! What wit-bindgen makes of `wit/`, for this crate and for `register!` alone: none of it appears in a public signature.

wit_bindgen::generate!({
    path: "../../wit",
    world: "buildpack",
    pub_export_macro: true,
});

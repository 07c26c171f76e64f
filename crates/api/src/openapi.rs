//! The OpenAPI document (3.1), generated from the handlers.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::routes;
use crate::state::{AppState, Limits};

/// The API with its document.
pub(crate) fn router(limits: &Limits) -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(base()).merge(routes::api(limits))
}

/// The document alone.
pub fn document() -> OpenApi {
    router(&Limits::default()).into_openapi()
}

fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Civitas")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The governed execution platform for AI agents and the people who work with them. \
             Submit an intent, follow its execution, use what it made. Every error is a problem document (RFC 9457).",
        ))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let mut document = OpenApiBuilder::new().info(info).build();
    let mut components = document.components.take().unwrap_or_default();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("bearer", bearer);
    document.components = Some(components);
    document
}

use axum::Router;
use axum::handler::Handler;
use axum::routing::MethodRouter;
use utoipa_axum::PathItemExt;

/// Defines `router()`, which answers, and `openapi()`, which describes it, from one list of handlers with `#[utoipa::path]`, each
/// `module::function`. Apart, because describing costs more than to answer, and some hosts make an instance for each request.
#[macro_export]
macro_rules! routes {
    ($document:ty: $($module:ident::$handler:ident),+ $(,)?) => {
        $crate::utoipa_axum::paste! {
            /// What answers.
            pub(crate) fn router() -> axum::Router {
                let router = axum::Router::new();
                $(let router = $crate::route::<$module::[<__path_ $handler>], _, _>(router, $module::$handler);)+
                router
            }
        }

        /// The part of the API document that this service answers for.
        pub fn openapi() -> utoipa::openapi::OpenApi {
            $crate::utoipa_axum::router::OpenApiRouter::<()>::with_openapi(<$document as utoipa::OpenApi>::openapi())
                $(.routes($crate::utoipa_axum::routes!($module::$handler)))+
                .into_openapi()
        }
    };
}

/// Adds a handler at the path and for the methods that its description has.
pub fn route<P, H, T>(router: Router, handler: H) -> Router
where
    P: utoipa::Path,
    H: Handler<T, ()>,
    T: 'static,
{
    let methods = P::methods().into_iter();
    let answers = methods.fold(MethodRouter::new(), |answers, method| {
        answers.on(method.to_method_filter(), handler.clone())
    });
    router.route(&P::path(), answers)
}

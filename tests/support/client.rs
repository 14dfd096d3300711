use reqwest::{Method, Response, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

/// One user's view of a host, or nobody's.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    user: Option<User>,
}

/// Who is signed in.
#[derive(Debug, Clone)]
pub struct User {
    /// The user's id.
    pub id: String,
    /// The access token.
    pub token: String,
    /// The `Set-Cookie` pair of the session.
    pub cookie: String,
    /// The address it signed up with.
    pub email: String,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; null if it is empty or none.
    pub json: Value,
}

/// The password of every user of a test.
const PASSWORD: &str = "correct horse battery staple";

impl Client {
    /// A client of the host at `host:port`.
    pub fn new(address: &str) -> Self {
        Self::of(address, reqwest::Client::builder())
    }

    /// The same over HTTP/2, by prior knowledge and on one connection.
    pub fn of_http2(address: &str) -> Self {
        Self::of(address, reqwest::Client::builder().http2_prior_knowledge())
    }

    fn of(address: &str, http: reqwest::ClientBuilder) -> Self {
        Self {
            http: http.no_proxy().build().expect("a client without TLS"),
            base: format!("http://{address}"),
            user: None,
        }
    }

    /// The same client with somebody who is signed in already.
    pub fn as_user(self, user: User) -> Self {
        Self {
            user: Some(user),
            ..self
        }
    }

    /// Signs up a new user and becomes theirs.
    pub async fn sign_up(&self, name: &str) -> Self {
        let email = format!("{name}@example.com");
        let body = json!({ "name": name, "email": email, "password": PASSWORD });
        let answer = self.post("/api/auth/sign-up", &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        Self {
            user: Some(User::of(&answer, email)),
            ..self.clone()
        }
    }

    /// Signs in an existing user.
    pub async fn sign_in(&self, email: &str) -> Self {
        let answer = self
            .post("/api/auth/sign-in", &json!({ "email": email, "password": PASSWORD }))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        Self {
            user: Some(User::of(&answer, email.to_owned())),
            ..self.clone()
        }
    }

    /// Who is signed in.
    pub fn user(&self) -> &User {
        self.user.as_ref().expect("somebody is signed in")
    }

    /// The user's path, such as `/api/<id>/tasks`.
    pub fn own(&self, rest: &str) -> String {
        format!("/api/{}{rest}", self.user().id)
    }

    /// A request to build on, with the user's token.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.user {
            Some(user) => request.bearer_auth(&user.token),
            None => request,
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).send().await.expect("an answer"))
            .await
            .expect("a whole answer")
    }

    /// POST with JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).json(body);
        Answer::of(request.send().await.expect("an answer"))
            .await
            .expect("a whole answer")
    }

    /// PATCH with JSON.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::PATCH, path).json(body);
        Answer::of(request.send().await.expect("an answer"))
            .await
            .expect("a whole answer")
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path).send().await.expect("an answer"))
            .await
            .expect("a whole answer")
    }

    /// Creates a task and returns it.
    pub async fn create_task(&self, draft: Value) -> Value {
        let answer = self.post(&self.own("/tasks"), &draft).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json
    }

    /// Completes a task and returns it.
    pub async fn complete_task(&self, id: &str) -> Value {
        let answer = self
            .patch(&self.own(&format!("/tasks/{id}/complete")), &json!({}))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json
    }

    /// Every item of a list, over all its pages.
    pub async fn all(&self, list: &str) -> Vec<Value> {
        let separator = if list.contains('?') { '&' } else { '?' };
        let first = format!("{}{separator}limit=200", self.own(list));
        let mut items = Vec::new();
        let mut path = first.clone();
        loop {
            let mut page = self.get(&path).await;
            assert_eq!(page.status, 200, "{page:?}");
            items.append(page.json["items"].as_array_mut().expect("a list has items"));
            match page.json["next_cursor"].as_str() {
                Some(cursor) => path = format!("{first}&cursor={cursor}"),
                None => return items,
            }
        }
    }
}

impl Answer {
    /// Reads a response to its end.
    ///
    /// # Errors
    /// If the connection breaks before.
    pub async fn of(response: Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await?;
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Ok(Self { status, headers, json })
    }

    /// A header as text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl User {
    fn of(answer: &Answer, email: String) -> Self {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let cookie = answer
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned();
        Self {
            id: text(&answer.json["user"]["id"]),
            token: text(&answer.json["token"]),
            cookie,
            email,
        }
    }
}

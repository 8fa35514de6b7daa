//! Which language model answers what the grammar does not understand.

use clap::{Args, value_parser};
use model::{Model, ModelSettings, SettingsError};
use secrecy::SecretString;
use tokio::runtime::Handle;
use url::Url;

use crate::chat::turn::Talker;

/// An endpoint that speaks OpenAI's chat completions; without it the grammar answers alone.
#[derive(Args, Clone, Debug)]
pub struct LlmSettings {
    /// A language model for what people say in words that are not understood: the base of an address that
    /// speaks OpenAI's chat completions, such as http://127.0.0.1:11434/v1. It gets what people say in a
    /// conversation, and of their tasks what it asks for. Without it, conversation does without
    #[arg(long, env, requires = "llm_model")]
    pub llm_base_url: Option<Url>,

    /// The model's name, as that address has it
    #[arg(long, env)]
    pub llm_model: Option<String>,

    /// The key for that address, sent as a bearer token; none where it is left out
    #[arg(long, env, hide_env_values = true)]
    pub llm_api_key: Option<SecretString>,

    /// Tokens that one person's messages may cost in a day of UTC, read and written ones together. A
    /// message that the model answers costs some 4,000 for each of its answers, several where it needs tools
    #[arg(long, env, default_value_t = 500_000, value_parser = value_parser!(u64).range(1..=1_000_000_000_000))]
    pub llm_daily_tokens: u64,
}

impl LlmSettings {
    /// The model, where there is one. To be called where a runtime is, on which its turns run.
    pub(crate) fn talker(&self) -> Result<Option<Talker>, SettingsError> {
        let (Some(base_url), Some(name)) = (&self.llm_base_url, &self.llm_model) else {
            return Ok(None);
        };
        let settings = ModelSettings {
            api_key: self.llm_api_key.clone(),
            ..ModelSettings::at(base_url.clone(), name.clone())
        };
        let model = Model::new(&settings)?;
        Ok(Some(Talker::new(model, self.llm_daily_tokens, Handle::current())))
    }
}

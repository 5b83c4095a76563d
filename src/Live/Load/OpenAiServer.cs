using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Orrery.Kernel;

namespace Orrery.Live.Load;

/// <summary>A model that a server offers.</summary>
/// <param name="Id">Its name.</param>
/// <param name="MaxTokens">Longest sequence, prompt and answer together; null where the server does not say.</param>
public sealed record OfferedModel(string Id, int? MaxTokens);

/// <summary>A server that speaks the OpenAI API: its address, its key, and what it says of itself. Safe for many callers.</summary>
public sealed class OpenAiServer : IDisposable
{
    /// <summary>A server that does not answer a connection in this time is not there (our choice, d).</summary>
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10);

    /// <summary>Questions before a run are small; a server that takes longer for one is taken for another kind (our choice, d).</summary>
    private static readonly TimeSpan QuestionLimit = TimeSpan.FromSeconds(30);

    private const int MostListBytes = 1 << 22;

    private readonly Uri _address;
    private readonly AuthenticationHeaderValue? _key;

    /// <param name="url">With or without <c>/v1</c>.</param>
    /// <param name="apiKey">Null for a server that wants none.</param>
    /// <exception cref="InputException">No address.</exception>
    public OpenAiServer(string url, string? apiKey)
    {
        ArgumentNullException.ThrowIfNull(url);
        string root = url.TrimEnd('/');
        if (root.EndsWith("/v1", StringComparison.Ordinal)) root = root[..^3];
        if (!Uri.TryCreate(root + "/", UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            throw new InputException($"--url {url}: this is no address of a server; write for example --url http://127.0.0.1:8080");
        _address = address;
        Url = root;
        if (apiKey is not null) _key = new("Bearer", apiKey);
        Http = new(
            new SocketsHttpHandler
            {
                UseProxy = false,
                UseCookies = false,
                AllowAutoRedirect = false,
                AutomaticDecompression = DecompressionMethods.None,
                ConnectTimeout = ConnectLimit,
                MaxConnectionsPerServer = int.MaxValue,
                ActivityHeadersPropagator = null,
            },
            disposeHandler: true)
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Its address without <c>/v1</c>.</summary>
    public string Url { get; }

    internal HttpClient Http { get; }

    public void Dispose() => Http.Dispose();

    /// <summary>The models it offers.</summary>
    /// <exception cref="InputException">Nobody there, no such key, or no server of this kind.</exception>
    public async Task<IReadOnlyList<OfferedModel>> ModelsAsync(CancellationToken cancellation)
    {
        using JsonDocument? list = await AskAsync(HttpMethod.Get, "v1/models", null, cancellation).ConfigureAwait(false);
        if (list is null || list.RootElement.ValueKind != JsonValueKind.Object || !list.RootElement.TryGetProperty("data", out JsonElement data) || data.ValueKind != JsonValueKind.Array)
            throw new InputException($"{Url}: this is no OpenAI-compatible server (GET /v1/models gave no list of models); check --url");
        List<OfferedModel> models = [];
        foreach (JsonElement entry in data.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Object || !entry.TryGetProperty("id", out JsonElement id) || id.ValueKind != JsonValueKind.String) continue;
            int? longest = entry.TryGetProperty("max_model_len", out JsonElement limit) && limit.TryGetInt32(out int tokens) ? tokens : null;
            if (TextOf(id) is { } name) models.Add(new(name, longest));
        }
        return models;
    }

    /// <summary>The model to load: the one named, or the only one there is.</summary>
    /// <exception cref="InputException">No such model, or several to choose from.</exception>
    public async Task<OfferedModel> FindModelAsync(string? name, CancellationToken cancellation)
    {
        IReadOnlyList<OfferedModel> models = await ModelsAsync(cancellation).ConfigureAwait(false);
        if (models.Count == 0) throw new InputException($"{Url}: the server offers no model; load one there first");
        string[] names = [.. models.Select(model => model.Id)];
        if (name is not null) return models.FirstOrDefault(model => model.Id == name) ?? throw new InputException($"{Url}: the server has no model '{name}'{Names.Suggest(name, names)}");
        return models.Count == 1 ? models[0] : throw new InputException($"{Url}: the server offers {models.Count} models; choose one with --model: {string.Join(", ", names)}");
    }

    /// <summary>The tokens of a text by the server's own tokenizer; null where it has no such endpoint.</summary>
    /// <exception cref="InputException">Nobody there.</exception>
    public async Task<int[]?> TokenizeAsync(string model, string text, CancellationToken cancellation)
    {
        // The forms of vLLM and of llama.cpp.
        Action<Utf8JsonWriter>[] forms =
        [
            json =>
            {
                json.WriteString("model", model);
                json.WriteString("prompt", text);
                json.WriteBoolean("add_special_tokens", false);
            },
            json =>
            {
                json.WriteString("content", text);
                json.WriteBoolean("add_special", false);
            },
        ];
        foreach (Action<Utf8JsonWriter> form in forms)
        {
            using JsonDocument? answer = await AskAsync(HttpMethod.Post, "tokenize", form, cancellation).ConfigureAwait(false);
            if (answer is null || answer.RootElement.ValueKind != JsonValueKind.Object || !answer.RootElement.TryGetProperty("tokens", out JsonElement tokens) || tokens.ValueKind != JsonValueKind.Array) continue;
            return [.. tokens.EnumerateArray().Select(token => token.ValueKind == JsonValueKind.Number && token.TryGetInt32(out int number) ? number : -1).Where(token => token >= 0)];
        }
        return null;
    }

    internal HttpRequestMessage Request(HttpMethod method, string path, HttpContent? content)
    {
        var request = new HttpRequestMessage(method, new Uri(_address, path)) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = content };
        request.Headers.Authorization = _key;
        return request;
    }

    /// <summary>The first bytes of a body.</summary>
    internal static async Task<byte[]> BodyAsync(HttpResponseMessage response, int most, CancellationToken cancellation)
    {
        Stream stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            byte[] bytes = new byte[Math.Min(most, response.Content.Headers.ContentLength ?? most)];
            int count = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
            return bytes[..count];
        }
    }

    /// <summary>A failure of the connection in a few words, the same for all that failed alike.</summary>
    internal static string Describe(HttpRequestException failure) => failure.HttpRequestError switch
    {
        HttpRequestError.ConnectionError => "the connection was refused",
        HttpRequestError.NameResolutionError => "the server's name is not known",
        HttpRequestError.SecureConnectionError => "the secure connection could not be made",
        _ => "the connection broke",
    };

    /// <summary>The JSON of an answer; null where the server has no such thing.</summary>
    private async Task<JsonDocument?> AskAsync(HttpMethod method, string path, Action<Utf8JsonWriter>? body, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(QuestionLimit);
        try
        {
            using ByteArrayContent? content = body is null ? null : Json(body);
            using HttpRequestMessage request = Request(method, path, content);
            using HttpResponseMessage response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            byte[] answer = await BodyAsync(response, MostListBytes, limit.Token).ConfigureAwait(false);
            if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
                throw new InputException($"{Url}: the server refuses the API key ({(int)response.StatusCode}: {ErrorBody.Message(answer)}); name the variable that holds it with --api-key-env NAME");
            return response.StatusCode == HttpStatusCode.OK ? JsonDocument.Parse(answer) : null;
        }
        catch (JsonException)
        {
            return null;
        }
        catch (HttpRequestException failure)
        {
            throw new InputException($"{Url}: {Describe(failure)}; start the server, or name another with --url", failure);
        }
        catch (Exception failure) when (failure is IOException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new InputException($"{Url}: the server does not answer as a web server does; check --url", failure);
        }
    }

    /// <summary>Null for text that is none, such as half a surrogate pair.</summary>
    private static string? TextOf(JsonElement text)
    {
        try
        {
            return text.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static ByteArrayContent Json(Action<Utf8JsonWriter> body)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            body(json);
            json.WriteEndObject();
        }
        var content = new ByteArrayContent(bytes.ToArray());
        content.Headers.ContentType = new("application/json");
        return content;
    }
}

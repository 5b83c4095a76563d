using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Orrery.Live.Tests.Soak;

/// <summary>
/// Clients of a soak: each sends one of a few requests whose greedy answers are known, reads events and checks them, and some hang up wherever
/// they are. What they find wrong is kept, not thrown, so that the run goes on.
/// </summary>
internal sealed class SoakClients(HttpClient http)
{
    private readonly (string Prompt, int Tokens, string Text)[] _known = new (string, int, string)[12];
    private int _finished;
    private int _refused;
    private int _hungUp;

    public ConcurrentQueue<string> Wrong { get; } = new();

    public int Finished => _finished;

    public int Refused => _refused;

    public int HungUp => _hungUp;

    /// <summary>Asks for every answer once, alone and in one piece.</summary>
    public async Task LearnAsync()
    {
        string[] starts = ["In the beginning", "Blessed are they that", "And the LORD said unto Moses", "The king of"];
        for (int i = 0; i < _known.Length; i++)
        {
            string prompt = starts[i % starts.Length] + new string(' ', 1) + string.Concat(Enumerable.Repeat("and ", i));
            int tokens = 8 + (5 * i);
            using HttpResponseMessage response = await http.PostAsync("/v1/completions", Body(prompt, tokens, streams: false));
            using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            string text = answer.RootElement.GetProperty("choices")[0].GetProperty("text").GetString()!;
            _known[i] = (prompt, tokens, text);
        }
    }

    /// <summary>One request from beginning to end, or until its client hangs up.</summary>
    /// <param name="which">Which of the known requests; any number.</param>
    /// <param name="hangsUpAfter">Events that are read before; −1: never.</param>
    public async Task AskAsync(int which, int hangsUpAfter)
    {
        (string prompt, int tokens, string text) = _known[which % _known.Length];
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Post, "/v1/completions") { Content = Body(prompt, tokens, streams: true) };
            using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
            {
                if (response.StatusCode == HttpStatusCode.TooManyRequests && response.Headers.RetryAfter is null) Wrong.Enqueue("429 without Retry-After");
                Interlocked.Increment(ref _refused);
                return;
            }
            if (response.StatusCode != HttpStatusCode.OK)
            {
                Wrong.Enqueue($"status {(int)response.StatusCode}");
                return;
            }
            await ReadAsync(response, text, tokens, hangsUpAfter);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or JsonException)
        {
            Wrong.Enqueue($"{broken.GetType().Name}: {broken.Message}");
        }
    }

    private async Task ReadAsync(HttpResponseMessage response, string text, int tokens, int hangsUpAfter)
    {
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
        StringBuilder got = new();
        int events = 0;
        int counted = -1;
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.Length == 0) continue;
            if (line == "data: [DONE]")
            {
                if (got.ToString() != text) Wrong.Enqueue($"'{got}' instead of '{text}'");
                else if (counted != tokens) Wrong.Enqueue($"{counted} tokens counted instead of {tokens}");
                Interlocked.Increment(ref _finished);
                return;
            }
            using JsonDocument data = JsonDocument.Parse(line.AsMemory("data: ".Length));
            JsonElement root = data.RootElement;
            if (root.TryGetProperty("error", out JsonElement error))
            {
                Wrong.Enqueue($"error event: {error}");
                return;
            }
            if (root.GetProperty("choices") is { } choices && choices.GetArrayLength() > 0) got.Append(choices[0].GetProperty("text").GetString());
            if (root.TryGetProperty("usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.Object) counted = usage.GetProperty("completion_tokens").GetInt32();
            if (!text.StartsWith(got.ToString(), StringComparison.Ordinal))
            {
                Wrong.Enqueue($"'{got}' is no beginning of '{text}'");
                return;
            }
            if (events++ != hangsUpAfter) continue;
            Interlocked.Increment(ref _hungUp);
            return;
        }
        Wrong.Enqueue($"the stream ended without its end after {events} events");
    }

    private static StringContent Body(string prompt, int tokens, bool streams) => new(
        JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["model"] = "tiny-kjv",
            ["prompt"] = prompt,
            ["max_tokens"] = tokens,
            ["temperature"] = 0,
            ["ignore_eos"] = true,
            ["stream"] = streams,
            ["stream_options"] = streams ? new Dictionary<string, object> { ["include_usage"] = true } : null!,
        }), Encoding.UTF8, "application/json");
}

using System.Buffers;
using System.Text;
using System.Text.Json;
using Orrery.Kernel.Time;

namespace Orrery.Live.Gateway;

/// <summary>Asks upstreams whether they are well, what they serve and how loaded they are.</summary>
internal sealed class UpstreamWatch(HttpMessageInvoker http, GatewaySettings settings, TimeProvider time, Dispatcher dispatcher)
{
    /// <summary>Metrics and lists beyond this are not read (our choice, d).</summary>
    private const int LongestAnswerBytes = 4 << 20;

    private const int MostModels = 1024;

    /// <summary>Checks each upstream on its own beat until cancelled; the first check is at once.</summary>
    public Task RunAsync(CancellationToken stopping) => Task.WhenAll(dispatcher.Upstreams.SelectMany(upstream => (Task[])
    [
        RepeatAsync(settings.Health.Every, () => CheckAsync(upstream, stopping), stopping),
        RepeatAsync(settings.MetricsEvery, () => ReadMetricsAsync(upstream, stopping), stopping),
    ]));

    /// <summary>Asks whether it is well and, where its models are not given, what they are.</summary>
    public async Task CheckAsync(Upstream upstream, CancellationToken stopping)
    {
        string path = upstream.Settings.HealthPath ?? settings.Health.Path;
        bool isWell = await GetAsync(upstream, path, stopping) is not null;
        if (isWell && upstream.Settings.Models is null)
        {
            // A list that cannot be read leaves what was known.
            if (await GetAsync(upstream, "/v1/models", stopping) is { } list && ReadModels(list) is { } models) dispatcher.SetModels(upstream, models);
        }
        if (!stopping.IsCancellationRequested) dispatcher.SetCheck(upstream, isWell);
    }

    public async Task ReadMetricsAsync(Upstream upstream, CancellationToken stopping)
    {
        byte[]? text = await GetAsync(upstream, upstream.Settings.MetricsPath, stopping);
        if (text is not null) dispatcher.SetReading(upstream, EngineGauges.Parse(Encoding.UTF8.GetString(text)));
    }

    /// <summary>The ids of OpenAI's list of models; null where it is none.</summary>
    internal static IReadOnlyList<string>? ReadModels(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("data", out JsonElement data)) return null;
            if (data.ValueKind != JsonValueKind.Array) return null;
            List<string> models = [];
            foreach (JsonElement item in data.EnumerateArray().Take(MostModels))
            {
                if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty("id", out JsonElement id) && id.ValueKind == JsonValueKind.String)
                    models.Add(id.GetString()!);
            }
            return models;
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            // Half a surrogate pair in an id is found only when it is read.
            return null;
        }
    }

    private async Task RepeatAsync(Duration every, Func<Task> act, CancellationToken stopping)
    {
        using PeriodicTimer beat = new(TimeSpan.FromTicks(every.Nanoseconds / TimeSpan.NanosecondsPerTick), time);
        try
        {
            do await act();
            while (await beat.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The gateway stops.
        }
    }

    /// <summary>The body of a 2xx answer; null for any other and for none.</summary>
    private async Task<byte[]?> GetAsync(Upstream upstream, string path, CancellationToken stopping)
    {
        using SilenceLimit limit = new(settings.Health.Timeout, time);
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        try
        {
            using HttpRequestMessage message = new(HttpMethod.Get, UpstreamCall.Address(upstream.Settings, path));
            if (upstream.Settings.Key is { } key) message.Headers.TryAddWithoutValidation("Authorization", key.Bearer());
            using HttpResponseMessage answer = await http.SendAsync(message, abort.Token);
            if (!answer.IsSuccessStatusCode) return null;
            await using Stream body = await answer.Content.ReadAsStreamAsync(abort.Token);
            ArrayBufferWriter<byte> text = new();
            int read;
            while ((read = await body.ReadAsync(text.GetMemory(), abort.Token)) > 0)
            {
                text.Advance(read);
                if (text.WrittenCount > LongestAnswerBytes) return null;
            }
            return text.WrittenSpan.ToArray();
        }
        catch (Exception broken) when (UpstreamCall.IsOfConnection(broken))
        {
            return null;
        }
    }
}

using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Testing.Traffic;

/// <summary>Builds a small traffic by hand, request by request in order of arrival.</summary>
public sealed class TraceBuilder
{
    private readonly List<Request> _requests = [];

    /// <summary>Adds a request; ids count from 0.</summary>
    /// <param name="atSeconds">Arrival; not before the previous one.</param>
    /// <exception cref="ArgumentException">The arrival is earlier than the previous one.</exception>
    public TraceBuilder Request(
        double atSeconds, int prompt, int output, int client = 0, int priority = 0, TokenSpan[]? content = null, ulong outputContentId = 0, int maxTokens = 0,
        double? timeoutSeconds = null, double? cancelSeconds = null, ToolCall[]? calls = null, int adapter = -1, long session = -1)
    {
        Instant at = Instant.FromSeconds(atSeconds);
        if (_requests.Count > 0 && at < _requests[^1].Arrival)
            throw new ArgumentException($"request {_requests.Count} at {atSeconds} s comes before the previous one; add requests in order", nameof(atSeconds));
        _requests.Add(new Request
        {
            Id = _requests.Count,
            Arrival = at,
            PromptTokens = prompt,
            OutputTokens = output,
            Client = client,
            Priority = priority,
            Content = content,
            OutputContentId = outputContentId,
            MaxTokens = maxTokens,
            Timeout = timeoutSeconds is { } timeout ? Duration.FromSeconds(timeout) : Duration.Infinite,
            CancelAfter = cancelSeconds is { } cancel ? Duration.FromSeconds(cancel) : Duration.Infinite,
            Calls = calls,
            Adapter = adapter,
            Session = session,
        });
        return this;
    }

    /// <summary>Adds several equal requests at one time.</summary>
    public TraceBuilder Burst(double atSeconds, int count, int prompt, int output)
    {
        for (int i = 0; i < count; i++) Request(atSeconds, prompt, output);
        return this;
    }

    public ITrafficSource Build() => new ListSource([.. _requests]);
}

using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Cli.Verbs;

/// <summary>Traffic on its way to a server: what the server cannot be asked for is left out and counted.</summary>
internal sealed class WatchedTraffic(ITrafficSource source, int adapters, bool sendsCalls) : ITrafficSource
{
    public Instant NextArrival => source.NextArrival;

    public bool IsClosedLoop => source.IsClosedLoop;

    public long? ExpectedRequests => source.ExpectedRequests;

    public int ClientCount => source.ClientCount;

    /// <summary>Requests whose tool calls were left out.</summary>
    public long CallsLeftOut { get; private set; }

    /// <summary>Requests whose adapter has no name here.</summary>
    public long AdaptersLeftOut { get; private set; }

    /// <summary>Requests that repeat the answer of an earlier one.</summary>
    public long Continued { get; private set; }

    public Request Take()
    {
        Request request = source.Take();
        if (request.OutputContentId != 0) Continued++;
        if (request.Adapter >= adapters) AdaptersLeftOut++;
        if (sendsCalls || request.Calls is null) return request;
        CallsLeftOut++;
        return Copy(request, request.OutputTokens, calls: null);
    }

    public void Completed(Request request, Instant at) => source.Completed(request, at);

    public string ClientName(int client) => source.ClientName(client);

    public void Dispose() => source.Dispose();

    /// <summary>The same request with another output.</summary>
    public static Request Copy(Request request, int outputTokens, ToolCall[]? calls) => new()
    {
        Id = request.Id,
        Label = request.Label,
        Arrival = request.Arrival,
        PromptTokens = request.PromptTokens,
        OutputTokens = outputTokens,
        MaxTokens = request.MaxTokens,
        Client = request.Client,
        Priority = request.Priority,
        Adapter = request.Adapter,
        Content = request.Content,
        OutputContentId = request.OutputContentId,
        Session = request.Session,
        TtftLimit = request.TtftLimit,
        TpotLimit = request.TpotLimit,
        Timeout = request.Timeout,
        CancelAfter = request.CancelAfter,
        Calls = calls,
    };
}

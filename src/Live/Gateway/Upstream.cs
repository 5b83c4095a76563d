using Orrery.Kernel.Time;

namespace Orrery.Live.Gateway;

/// <summary>What an upstream's metrics said.</summary>
/// <param name="Gauges">The figures.</param>
/// <param name="Others">Requests there that were not ours.</param>
/// <param name="At">When they were read.</param>
internal sealed record Reading(EngineGauges Gauges, int Others, Instant At);

/// <summary>One upstream as the gateway knows it. Owned by <see cref="Dispatcher"/>: everything that changes is read and written under its lock.</summary>
internal sealed class Upstream
{
    private readonly GatewaySettings _gateway;
    private Reading? _reading;
    private int _failedChecks;
    private Dictionary<string, string> _models;

    public Upstream(UpstreamSettings settings, GatewaySettings gateway)
    {
        Settings = settings;
        _gateway = gateway;
        Breaker = new(gateway.Breaker);
        _models = WithAliases(settings.Models ?? []);
    }

    public UpstreamSettings Settings { get; }

    public string Name => Settings.Name;

    public CircuitBreaker Breaker { get; }

    /// <summary>Guesses its prefix cache.</summary>
    public PrefixIndex Prefixes { get; } = new(PrefixIndex.DefaultBlocks);

    /// <summary>What the health checks say; taken for well until they say otherwise.</summary>
    public bool IsHealthy { get; private set; } = true;

    /// <summary>Requests that we sent and that have not ended.</summary>
    public int InFlight { get; set; }

    /// <summary>Their prompt tokens (estimated) and output tokens so far.</summary>
    public long LiveTokens { get; set; }

    /// <summary>Names under which it is asked for.</summary>
    public IReadOnlyCollection<string> Models => _models.Keys;

    /// <summary>Its own name of a model; null where it has none such.</summary>
    public string? OwnName(string model) => _models.GetValueOrDefault(model);

    public bool IsUp(Instant now) => IsHealthy && Breaker.State(now) != BreakerState.Open;

    public bool HasRoom(Instant now) => InFlight < _gateway.PerUpstream && Breaker.Admits(now);

    /// <summary>How old its metrics are; null where there are none.</summary>
    public Duration? Age(Instant now) => _reading is { } reading ? now - reading.At : null;

    /// <summary>Requests there: ours, known exactly, and those of others when the metrics were last read, unless that is long ago.</summary>
    public int LiveRequests(Instant now) => InFlight + (Fresh(now)?.Others ?? 0);

    /// <summary>0 where it is not known.</summary>
    public double KvUse(Instant now) => Fresh(now)?.Gauges.KvUse ?? 0;

    public void SetReading(EngineGauges? gauges, Instant now)
    {
        if (gauges is not { } known) return;
        _reading = new(known, Math.Max(0, known.Running + known.Waiting - InFlight), now);
    }

    public void SetCheck(bool isWell)
    {
        _failedChecks = isWell ? 0 : _failedChecks + 1;
        IsHealthy = _failedChecks < _gateway.Health.Failures;
    }

    public void SetModels(IReadOnlyList<string> models) => _models = WithAliases(models);

    private Reading? Fresh(Instant now) => _reading is { } reading && now - reading.At <= _gateway.StaleAfter ? reading : null;

    private Dictionary<string, string> WithAliases(IReadOnlyList<string> models)
    {
        Dictionary<string, string> all = new(StringComparer.Ordinal);
        foreach (string model in models) all[model] = model;
        foreach ((string served, string own) in Settings.Aliases) all[served] = own;
        return all;
    }
}

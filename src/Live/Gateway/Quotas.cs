using Orrery.Kernel.Time;

namespace Orrery.Live.Gateway;

/// <summary>A bucket that fills evenly and may be overdrawn by what was only known afterwards.</summary>
internal sealed class TokenBucket(int perMinute)
{
    private const double SecondsPerMinute = 60;

    private double _level = perMinute;
    private Instant _at = Instant.Zero;

    public bool IsFull => _level >= perMinute;

    /// <summary>Seconds until it could be taken; 0: it can now. What is larger than the bucket needs a full one.</summary>
    public double SecondsUntil(double amount, Instant now)
    {
        Fill(now);
        double missing = Math.Min(amount, perMinute) - _level;
        return missing <= 0 ? 0 : missing * SecondsPerMinute / perMinute;
    }

    public void Take(double amount) => _level -= amount;

    public void Fill(Instant now)
    {
        _level = Math.Min(perMinute, _level + (now - _at).Seconds * perMinute / SecondsPerMinute);
        _at = now;
    }
}

/// <summary>Holds clients to their quotas. Safe on any thread.</summary>
internal sealed class Quotas(GatewaySettings settings, GatewayMetrics metrics)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Usage> _usages = new(StringComparer.Ordinal);

    /// <summary>Takes a request and its prompt from the client's buckets. Null: it may go on, and <see cref="Leave"/> must follow.</summary>
    public Refusal? Enter(string client, int promptTokens, Instant now)
    {
        lock (_lock)
        {
            if (Of(client, now) is not { } usage) return null;
            QuotaSettings quota = usage.Quota;
            if (quota.Concurrent is { } most && usage.Concurrent >= most) return metrics.Counted(Refusals.Quota("requests at a time", most, 1));
            double requests = usage.Requests?.SecondsUntil(1, now) ?? 0;
            if (requests > 0) return metrics.Counted(Refusals.Quota("requests per minute", quota.RequestsPerMinute!.Value, Ceiling(requests)));
            double tokens = usage.Tokens?.SecondsUntil(promptTokens, now) ?? 0;
            if (tokens > 0) return metrics.Counted(Refusals.Quota("tokens per minute", quota.TokensPerMinute!.Value, Ceiling(tokens)));
            usage.Concurrent++;
            usage.Requests?.Take(1);
            usage.Tokens?.Take(promptTokens);
            return null;
        }
    }

    /// <summary>The request has ended; its tokens were in truth so many.</summary>
    public void Leave(string client, int promptTokens, long usedTokens)
    {
        lock (_lock)
        {
            if (!_usages.TryGetValue(client, out Usage? usage)) return;
            usage.Concurrent--;
            usage.Tokens?.Take(usedTokens - promptTokens);
        }
    }

    private static int Ceiling(double seconds) => (int)Math.Ceiling(seconds);

    private Usage? Of(string client, Instant now)
    {
        if (_usages.TryGetValue(client, out Usage? usage)) return usage;
        QuotaSettings? quota = settings.Quotas.GetValueOrDefault(client) ?? settings.Quotas.GetValueOrDefault(GatewaySettings.DefaultQuota);
        if (quota is null) return null;
        if (_usages.Count >= FairShares.MostClients)
            foreach ((string idle, _) in _usages.Where(entry => entry.Value.IsFresh(now)).ToArray()) _usages.Remove(idle);
        usage = new(quota);
        _usages.Add(client, usage);
        usage.Requests?.Fill(now);
        usage.Tokens?.Fill(now);
        return usage;
    }

    private sealed class Usage(QuotaSettings quota)
    {
        public QuotaSettings Quota { get; } = quota;

        public TokenBucket? Requests { get; } = quota.RequestsPerMinute is { } requests ? new(requests) : null;

        public TokenBucket? Tokens { get; } = quota.TokensPerMinute is { } tokens ? new(tokens) : null;

        public int Concurrent { get; set; }

        /// <summary>As if it had never come: it can be forgotten.</summary>
        public bool IsFresh(Instant now)
        {
            Requests?.Fill(now);
            Tokens?.Fill(now);
            return Concurrent == 0 && Requests?.IsFull != false && Tokens?.IsFull != false;
        }
    }
}

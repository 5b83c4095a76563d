using Orrery.Kernel.Time;

namespace Orrery.Live.Gateway;

internal enum BreakerState
{
    /// <summary>Requests are sent.</summary>
    Closed,

    /// <summary>One request may try whether the upstream is back.</summary>
    HalfOpen,

    /// <summary>Nothing is sent.</summary>
    Open,
}

/// <summary>Stops sending to an upstream whose requests fail one after the other, and lets one try again later.</summary>
internal sealed class CircuitBreaker(BreakerSettings settings)
{
    private int _failures;
    private Instant _openUntil = Instant.Zero;
    private bool _isTripped;
    private bool _isProbing;

    public BreakerState State(Instant now) => !_isTripped ? BreakerState.Closed : now < _openUntil ? BreakerState.Open : BreakerState.HalfOpen;

    public bool Admits(Instant now) => State(now) switch
    {
        BreakerState.Closed => true,
        BreakerState.HalfOpen => !_isProbing,
        _ => false,
    };

    /// <summary>A request goes out. True: it is the one that tries.</summary>
    public bool Send(Instant now)
    {
        if (State(now) != BreakerState.HalfOpen) return false;
        _isProbing = true;
        return true;
    }

    /// <summary>
    /// An answer began. The upstream that was tried takes requests again, but one more failure is enough until an answer has ended well:
    /// an engine that crashes in every answer also begins them.
    /// </summary>
    public void Answered(bool isProbe)
    {
        if (!isProbe || !_isTripped) return;
        _isTripped = false;
        _isProbing = false;
        _failures = settings.Failures - 1;
    }

    public void Succeeded() => _failures = _isTripped ? _failures : 0;

    /// <summary>True: it has opened now.</summary>
    public bool Failed(bool isProbe, Instant now)
    {
        if (isProbe) _isProbing = false;
        // Requests that were sent before it opened fail late and say nothing new.
        if (_isTripped && !isProbe) return false;
        if (++_failures < settings.Failures && !_isTripped) return false;
        _isTripped = true;
        _openUntil = now + settings.Open;
        return true;
    }

    /// <summary>The client left before anything was known.</summary>
    public void Abandoned(bool isProbe)
    {
        if (isProbe && _isTripped) _isProbing = false;
    }
}

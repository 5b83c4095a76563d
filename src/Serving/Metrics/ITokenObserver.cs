using Orrery.Serving.Sequences;

namespace Orrery.Serving.Metrics;

/// <summary>Learns of tokens at the end of the steps that yield them, while their requests still run.</summary>
public interface ITokenObserver
{
    /// <summary>A request got its first token, at <see cref="Sequence.FirstToken"/>.</summary>
    void FirstToken(Sequence sequence);

    /// <summary>Requests of a replica got tokens so long after their last ones. Equal gaps may be reported together or apart.</summary>
    /// <param name="replica">Index in the fleet.</param>
    /// <param name="nanoseconds">Between two tokens of a request, pauses for tools not counted.</param>
    /// <param name="tokens">How many.</param>
    void Gap(int replica, long nanoseconds, int tokens);
}

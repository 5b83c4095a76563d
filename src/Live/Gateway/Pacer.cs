using Orrery.Kernel.Time;

namespace Orrery.Live.Gateway;

/// <summary>
/// When the reader of a stream takes in each token: r(i) = max(a(i), r(i−1) + 1/pace), a(i) its arrival. Tokens released then are never
/// late for the reader, however early the engine made them. It is the client-side buffer of Andes (arXiv 2404.16283, (c)), on
/// the server's side of the network.
/// </summary>
internal sealed class Pacer(double tokensPerSecond)
{
    private readonly Duration _perToken = Duration.FromSeconds(1 / tokensPerSecond);
    private Instant _next = Instant.Zero;

    /// <summary>When the event with these tokens, the next of its stream, is released; one without tokens goes with those before it.</summary>
    public Instant Release(Instant now, int tokens)
    {
        if (tokens == 0) return now;
        Instant release = Instant.Max(now, _next);
        _next = release + _perToken * tokens;
        return release;
    }
}

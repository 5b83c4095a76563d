using Microsoft.AspNetCore.Http;

namespace Orrery.Live.Gateway;

/// <summary>What the relay of one answer needs to know.</summary>
/// <param name="Http">The client's side.</param>
/// <param name="ClosesItself">The stream is not whole without its closing event.</param>
/// <param name="Abort">The client left, the upstream was silent for too long, or the gateway stops.</param>
internal sealed record RelayContext(
    HttpContext Http, Flight Flight, AnswerUsage Usage, SilenceLimit Silence, bool ClosesItself, CancellationToken Stopping, CancellationToken Abort)
{
    public bool HasClient => !Http.RequestAborted.IsCancellationRequested;

    /// <summary>The attempt failed before anything was sent.</summary>
    public CallResult Failed(Refusal usual, AttemptEnd end, bool mayRetry)
    {
        if (!HasClient) return new(AttemptEnd.Abandoned);
        return Stopping.IsCancellationRequested ? new(AttemptEnd.Abandoned, Refusals.Stopping) : new(end, Reason(usual), mayRetry);
    }

    /// <summary>What to tell the client: we stop, it was silent, or else the usual.</summary>
    public Refusal Reason(Refusal usual)
    {
        if (Stopping.IsCancellationRequested) return Refusals.Stopping;
        return Silence.IsOver ? Refusals.Silent(Flight.Upstream.Name, Silence.Limit) : usual;
    }
}

using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Predictors;

/// <summary>
/// Looks at a request while it is being generated (a probe on the model's hidden states, say) and says how much is left. Its work is part
/// of the model's own pass: it costs no pass of its own.
/// </summary>
public interface IRemainingPredictor
{
    string Name { get; }

    /// <summary>What will follow one request, or null when nothing looks at requests that run.</summary>
    IRemainingEstimate? Track(Request request);
}

/// <summary>
/// The estimates of one request. What they are depends only on the request and on the tokens that were looked at, never on when: so a
/// look may be taken late, and steps run ahead change nothing.
/// </summary>
public interface IRemainingEstimate
{
    /// <summary>Takes a look after so many generated tokens; each look is at more tokens than the one before.</summary>
    /// <returns>Output tokens still to come, above 0.</returns>
    double Look(int generatedTokens);
}

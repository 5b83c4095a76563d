using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Predictors;

/// <summary>Guesses how many tokens a request will produce. Systems that rely on such a guess are run with good and bad ones.</summary>
public interface ILengthPredictor
{
    string Name { get; }

    /// <summary>
    /// Predicted output tokens, at least 1; 0 when nothing is known. The same request gets the same answer between two calls of <see
    /// cref="Observe"/>.
    /// </summary>
    int Predict(Request request);

    /// <summary>A request finished; learning predictors take its true length.</summary>
    void Observe(Request request)
    {
    }
}

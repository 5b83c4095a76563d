using Orrery.Kernel.Random;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Predictors;

/// <summary>Knows the truth.</summary>
public sealed class OraclePredictor : ILengthPredictor
{
    public string Name => "oracle";

    public int Predict(Request request) => request.OutputTokens;
}

/// <summary>
/// The truth times a log-normal factor with median 1: ln(prediction/truth) is normal with a standard deviation of ln(1 + relative
/// error), so that about two thirds of the
/// predictions are within that factor. The noise is keyed by the request's id: neither order nor number of calls changes it.
/// </summary>
public sealed class NoisyOraclePredictor(double relativeError, RandomStream random) : ILengthPredictor
{
    private readonly double _sigma = Math.Log(1 + relativeError);

    public string Name => "noisy-oracle";

    public int Predict(Request request)
    {
        double predicted = request.OutputTokens * Math.Exp(_sigma * KeyedNormal.Of(random, request.Id, 0));
        return (int)Math.Clamp(Math.Round(predicted, MidpointRounding.AwayFromZero), 1, int.MaxValue);
    }
}

/// <summary>
/// r = clip(O·exp(σN), 1, longest), O the truth and N normal: what a classifier of prompts with a known mean error tells. The noise is
/// keyed by the request's id.
/// </summary>
/// <remarks>Source: our noise model (d) of the prompt classifier in Shahout et al., arXiv 2410.01035.</remarks>
public sealed class ClippedNoisePredictor(double spread, int longest, LengthBins? bins, RandomStream random) : ILengthPredictor
{
    public string Name => "noisy";

    public int Predict(Request request)
    {
        double predicted = Math.Clamp(request.OutputTokens * Math.Exp(spread * KeyedNormal.Of(random, request.Id, 0)), 1, longest);
        if (bins is not null) predicted = bins.Midpoint(predicted);
        return (int)Math.Max(1, Math.Round(predicted, MidpointRounding.AwayFromZero));
    }
}

/// <summary>
/// The mean of the client's finished requests; of all clients' until the client has one; unknown before anything has finished. Learns
/// in the order of completions, which virtual time makes deterministic.
/// </summary>
public sealed class ClassMeanPredictor : ILengthPredictor
{
    private readonly List<(long Count, long Sum)> _clients = [];
    private long _count;
    private long _sum;

    public string Name => "class-mean";

    public int Predict(Request request)
    {
        (long count, long sum) = request.Client < _clients.Count ? _clients[request.Client] : default;
        if (count == 0) (count, sum) = (_count, _sum);
        return count == 0 ? 0 : Math.Max(1, (int)((sum + (count / 2)) / count));
    }

    public void Observe(Request request)
    {
        while (_clients.Count <= request.Client) _clients.Add(default);
        (long count, long sum) = _clients[request.Client];
        _clients[request.Client] = (count + 1, sum + request.OutputTokens);
        _count++;
        _sum += request.OutputTokens;
    }
}

/// <summary>Always the same guess.</summary>
public sealed class ConstantPredictor(int tokens) : ILengthPredictor
{
    public string Name => "constant";

    public int Predict(Request request) => tokens;
}

/// <summary>Knows nothing.</summary>
public sealed class NoPredictor : ILengthPredictor
{
    public string Name => "none";

    public int Predict(Request request) => 0;
}

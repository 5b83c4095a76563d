using Orrery.Kernel.Random;

namespace Orrery.Serving.Systems.Helix;

/// <summary>
/// Lengths like those of the Azure conversation trace as the official repository cuts it: prompts up to 2,047 tokens with mean 763, outputs up to 1,000 with
/// mean 232 (b). The trace itself is not here: both are log-normals cut at these ends, independent, their medians found so that the means are right (d).
/// </summary>
internal sealed class HelixLengths
{
    /// <summary>Shorter prompts and outputs are dropped (b).</summary>
    public const int Shortest = 4;

    public const int LongestPrompt = 2047;

    public const int LongestOutput = 1000;

    private readonly Truncated _prompt;
    private readonly Truncated _output;
    private readonly RandomStream _random;

    public HelixLengths(HelixOptions options, RandomStream random)
    {
        _random = random;
        _prompt = WithMean(options.PromptMean, options.PromptSigma, LongestPrompt);
        _output = WithMean(options.OutputMean, options.OutputSigma, LongestOutput);
    }

    public (int Prompt, int Output) Draw() => ((int)Math.Round(_prompt.Sample(_random)), (int)Math.Round(_output.Sample(_random)));

    private static Truncated WithMean(double mean, double sigma, int longest)
    {
        double low = Math.Log(mean) - 3;
        double high = Math.Log(mean) + 2;
        for (int i = 0; i < 50; i++)
        {
            double mu = 0.5 * (low + high);
            if (new Truncated(new LogNormal(mu, sigma), Shortest, longest).Mean < mean) low = mu;
            else high = mu;
        }
        return new Truncated(new LogNormal(0.5 * (low + high), sigma), Shortest, longest);
    }
}

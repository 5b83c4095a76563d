using Orrery.Kernel.Random;

namespace Orrery.Serving.Systems.SleepTimeCompute;

/// <summary>One context: when it is asked about, when it changes, and how foreseeable its questions are.</summary>
/// <param name="Questions">Times in seconds, rising.</param>
/// <param name="Changes">Times at which a note of it becomes stale, rising.</param>
/// <param name="Predictability">Share of its questions that a note helps.</param>
/// <param name="ForecastQuestions">How many questions the policy expects in the day.</param>
public sealed record ContextPlan(IReadOnlyList<double> Questions, IReadOnlyList<double> Changes, double Predictability, double ForecastQuestions)
{
    /// <summary>True where a note answers the question, a property of the question and no draw of the policy.</summary>
    public required IReadOnlyList<bool> IsForeseen { get; init; }
}

/// <summary>What contexts are drawn from: a quiet night, then a day of questions.</summary>
public sealed record ContextMix
{
    public required int Contexts { get; init; }

    public required int FewestQuestions { get; init; }

    public required int MostQuestions { get; init; }

    public required double NightSeconds { get; init; }

    public required double DaySeconds { get; init; }

    /// <summary>Mean time between two changes of a context; infinite for none.</summary>
    public required double LifeSeconds { get; init; }

    /// <summary>Mean share of questions that a note helps.</summary>
    public required double Predictability { get; init; }

    /// <summary>Contexts differ by at most so much around it, and by no more than leaves all shares between 0 and 1.</summary>
    public required double Spread { get; init; }

    /// <summary>Standard deviation of the logarithm of the forecast's error.</summary>
    public required double ForecastError { get; init; }

    public double EndSeconds => NightSeconds + DaySeconds;

    /// <summary>Draws all contexts; a stream per part, so that one part's options change no other.</summary>
    /// <exception cref="OperationCanceledException">It was interrupted.</exception>
    public ContextPlan[] Draw(RandomStream random, CancellationToken cancel = default)
    {
        RandomStream numbers = random.Split("questions");
        RandomStream times = random.Split("times");
        RandomStream changes = random.Split("changes");
        RandomStream shares = random.Split("predictability");
        RandomStream errors = random.Split("forecasts");
        RandomStream foreseen = random.Split("foreseen");
        return [.. Enumerable.Range(0, Contexts).Select(context =>
        {
            cancel.ThrowIfCancellationRequested();
            int count = FewestQuestions + numbers.NextInt(MostQuestions - FewestQuestions + 1);
            double[] questions = [.. Enumerable.Range(0, count).Select(_ => NightSeconds + (DaySeconds * times.NextDouble())).Order()];
            List<double> changed = [];
            if (double.IsFinite(LifeSeconds))
            {
                var gap = new Exponential(LifeSeconds);
                for (double at = gap.Sample(changes); at < EndSeconds; at += gap.Sample(changes)) changed.Add(at);
            }
            // As wide on both sides, so that the mean is what was asked for.
            double spread = Math.Min(Spread, Math.Min(Predictability, 1 - Predictability));
            double share = Predictability + (spread * ((2 * shares.NextDouble()) - 1));
            double error = Math.Exp(ForecastError * Normal.Standard(errors));
            return new ContextPlan(questions, changed, share, count * error)
            {
                IsForeseen = [.. Enumerable.Range(0, count).Select(question => foreseen.Keyed(context, question) < share)],
            };
        })];
    }
}

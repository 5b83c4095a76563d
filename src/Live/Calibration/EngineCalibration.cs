using Orrery.Engine.Attention;
using Orrery.Engine.Benchmarks;
using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Engine.Sampling;
using Orrery.Kernel;
using Orrery.World.Deployments;
using Orrery.World.Models;
using Orrery.World.Profiles;

namespace Orrery.Live.Calibration;

/// <summary>How a model is calibrated on the engine of this machine.</summary>
public sealed record CalibrationOptions
{
    /// <summary>Time for the full grid beside loading the model (our choice, d): a minute in all for a model of a hundred million weights.</summary>
    private const double FullSeconds = 40;

    /// <summary>Time for the quick one.</summary>
    private const double QuickSeconds = 5;

    /// <summary>Threads of the engine; 0 = one per processor.</summary>
    public int Threads { get; init; }

    /// <summary>Fewer points and less time.</summary>
    public bool IsQuick { get; init; }

    /// <summary>How keys and values are stored.</summary>
    public KvType KvType { get; init; } = KvType.F16;

    /// <summary>Most decodes of a step.</summary>
    public int Sequences { get; init; } = StepLimits.DefaultSequences;

    /// <summary>Longest sequence; a model's own limit may be less.</summary>
    public int Context { get; init; } = StepLimits.DefaultContext;

    /// <summary>Most tokens of a step.</summary>
    public int StepTokens { get; init; } = Settings.ModelSettings.PassTokens;

    /// <summary>Of the drawn steps, of their order and of what is left out.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Told what is being done.</summary>
    public Action<string>? Progress { get; init; }

    internal TimeSpan Budget => TimeSpan.FromSeconds(IsQuick ? QuickSeconds : FullSeconds);
}

/// <summary>What a calibration found.</summary>
/// <param name="Engine">The fitted profile.</param>
/// <param name="Samples">The measured steps.</param>
/// <param name="SampleSeconds">Choosing one token from the scores of one sequence.</param>
public sealed record CalibrationResult(CalibratedEngine Engine, IReadOnlyList<StepSample> Samples, double SampleSeconds);

/// <summary>Measures a model file on the engine of this machine.</summary>
public static class EngineCalibration
{
    /// <summary>Memory for keys and values of the measured steps: far beyond any cache, far below any machine.</summary>
    private const long KvBytes = 512L << 20;

    /// <summary>Tokens that are drawn to time the sampling.</summary>
    private const int Draws = 200;

    /// <param name="file">A model.</param>
    /// <param name="model">Its architecture.</param>
    /// <param name="precision">Its formats.</param>
    /// <param name="options">How.</param>
    /// <param name="clock">Wall time.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="InputException">A mixture of experts, whose steps depend on what is routed where.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public static CalibrationResult Run(GgufFile file, ModelSpec model, PrecisionPlan precision, CalibrationOptions options, TimeProvider clock, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        if (model.Experts is not null)
            throw new InputException($"{model.Name}: a mixture of experts; a calibration knows dense models only, because which experts a step reads is not known before it runs");
        options.Progress?.Invoke("loading the model");
        using Transformer transformer = Transformer.Load(file, new TransformerOptions { Threads = options.Threads, MaxBatchTokens = options.StepTokens });
        options.Progress?.Invoke("measuring the machine");
        Roofline roofline;
        using (var pool = new Orrery.Engine.Threads.WorkerPool(options.Threads)) roofline = Roofline.Measure(pool, clock);
        MachineFacts machine = new(transformer.Threads, roofline.FlopsPerSecond, roofline.BytesPerSecond, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        int context = Math.Min(options.Context, transformer.Config.ContextLength);
        long kvTokens = Math.Max(context, KvBytes / Math.Max(1, model.KvBytesPerToken(precision.BytesPerKvElement)));
        IReadOnlyList<StepPoint> points = StepGrid.Of(new(options.Sequences, context, Math.Min(options.StepTokens, context), kvTokens), options.Seed, options.IsQuick);
        using var timer = new EngineStepTimer(transformer, points, options.KvType, clock);
        IReadOnlyList<StepSample> samples = StepMeasurement.Run(
            timer, points, new() { Budget = options.Budget, Seed = options.Seed, Progress = round => options.Progress?.Invoke($"{points.Count} steps, round {round}") }, clock, stop);
        double sampling = SamplingSeconds(transformer.Config.Vocabulary, clock);
        return new(CalibratedEngine.Of(model, precision, machine, samples, options.Seed).WithCpu(0, sampling), samples, sampling);
    }

    /// <summary>Median time to choose a token at random by scores like those of a model that knows little, as clients that ask for nothing else get it.</summary>
    private static double SamplingSeconds(int vocabulary, TimeProvider clock)
    {
        var sampler = new Sampler(new SamplingOptions(), vocabulary);
        var draws = Orrery.Kernel.Random.RandomStream.Root(1).Split("scores");
        float[] scores = [.. Enumerable.Range(0, vocabulary).Select(_ => (float)draws.NextDouble())];
        var seconds = new double[Draws];
        for (int i = -Draws; i < Draws; i++)
        {
            long start = clock.GetTimestamp();
            sampler.Next(scores, i + Draws);
            if (i >= 0) seconds[i] = clock.GetElapsedTime(start).TotalSeconds;
        }
        return FitErrors.Quantile(seconds, 0.5);
    }
}

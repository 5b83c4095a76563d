using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;
using Orrery.World.Catalogue;
using Orrery.World.Models;

namespace Orrery.Serving.Systems.Sn40lCoe;

/// <summary>Builds a machine and its experts, serves prompts and tells what they took.</summary>
internal sealed class Sn40lCoeExperiment
{
    /// <summary>BF16.</summary>
    private const double BytesPerElement = 2;

    private const double NanosecondsPerSecond = 1e9;

    /// <summary>Rows of the table of footprints.</summary>
    private static readonly int[] TableExperts = [1, 10, 35, 50, 100, 150, 300, 600, 850, 1000];

    private readonly Sn40lCoeOptions _options;
    private readonly ExpertMachine _machine;
    private readonly ModelSpec _model;
    private readonly double _expertBytes;
    private readonly int _resident;

    // What had been counted when the memory was warm.
    private double _began;
    private long _switches;
    private long _groups;
    private double _waited;

    /// <exception cref="InputException">Options that do not go together.</exception>
    public Sn40lCoeExperiment(Sn40lCoeOptions options)
    {
        _options = options;
        _model = Catalog.Model(options.Model);
        if (_model.Experts is not null || _model.Latent is not null)
            throw new InputException($"model: '{_model.Name}' has experts of its own or latent attention; name a dense model such as llama-2-7b");
        ExpertMachine sheet = options.Machine switch
        {
            CoeMachine.DgxA100 => ExpertMachine.DgxA100,
            CoeMachine.DgxH100 => ExpertMachine.DgxH100,
            _ => ExpertMachine.Sn40l,
        };
        _machine = sheet with
        {
            HbmBytes = options.Hbm?.Count ?? sheet.HbmBytes,
            HbmBytesPerSecond = options.HbmBandwidth ?? sheet.HbmBytesPerSecond,
            SlowBytes = options.SlowMemory?.Count ?? sheet.SlowBytes,
            SwitchBytesPerSecond = options.SwitchBandwidth ?? sheet.SwitchBytesPerSecond,
            FlopsPerSecond = options.Compute ?? sheet.FlopsPerSecond,
        };
        int warm = (WarmPrompts + options.Batch - 1) / options.Batch * options.Batch;
        if (options.Rate is null && warm >= options.Prompts)
            throw new InputException($"prompts: with batches of {options.Batch} none is left after those that warm the memory up; write more than {warm}");
        LayerKernels kernels = Kernels(IsFused);
        _expertBytes = kernels.WeightBytes;
        double kv = Math.Max(options.LargestGroup, 1) * (double)(options.PromptTokens + options.AnswerTokens) * kernels.KvBytesPerToken;
        _resident = (int)Math.Min(options.Experts, Math.Floor((_machine.HbmBytes - _expertBytes - kv) / _expertBytes));
        if (_resident < 1)
            throw new InputException("hbm: the router, one expert and the keys and values of a batch do not fit; write more memory, a smaller model or a smaller largestGroup");
    }

    /// <summary>They bring the memory into its steady state before anything is counted.</summary>
    private int WarmPrompts => _options.Prompts / 10;

    private bool IsFused => _options.Execution == CoeExecution.Machine ? _machine.IsFused : _options.Execution == CoeExecution.Fused;

    public ExperimentResult Run(RandomStream random, CancellationToken cancel)
    {
        ExpertTimes times = Times();
        var server = new ExpertServer(times, new ExpertCache(_resident), _options.LargestGroup, _options.Prefetch, _options.Group);
        Func<int> draw = Draw(random.Split("experts"));
        double batchSeconds = _options.Rate is { } rate
            ? Open(server, draw, random.Split("arrivals"), rate, WarmPrompts, cancel) : Closed(server, draw, WarmPrompts, cancel);
        Summary latency = server.Latency.Summarize(NanosecondsPerSecond)!;
        double bytes = _options.Experts * _expertBytes;
        double machines = Math.Ceiling(bytes / _machine.SlowBytes);
        var values = new Dictionary<string, double>
        {
            ["batchSeconds"] = batchSeconds,
            ["p50Seconds"] = latency.P50,
            ["p95Seconds"] = latency.P95,
            ["promptsPerSecond"] = latency.Count / (server.EndSeconds - _began),
            ["missShare"] = (server.Switches - _switches) / (double)(server.Groups - _groups),
            ["switchSeconds"] = times.SwitchSeconds,
            ["switchShare"] = (server.WaitSeconds - _waited) / (server.EndSeconds - _began),
            ["tokenSeconds"] = Kernels(IsFused).Seconds(1, 1, MeanContext),
            ["unfusedStep"] = Kernels(isFused: false).Seconds(1, 1, MeanContext) / Kernels(isFused: true).Seconds(1, 1, MeanContext),
            ["residentExperts"] = _resident,
            ["machinesNoSwitch"] = Math.Ceiling(bytes / _machine.HbmBytes),
            ["machinesWithTier"] = machines,
            ["footprint"] = Math.Ceiling(bytes / _options.PeerHbm.Count) / machines,
        };
        return new(values) { Tables = [Footprints()], Notes = bytes > _machine.SlowBytes ? ["the slow tier of one machine does not hold all experts; prompts are served as if it did"] : [] };
    }

    private double MeanContext => _options.PromptTokens + (_options.AnswerTokens / 2.0);

    /// <summary>One batch after the other; the mean time of a batch.</summary>
    private double Closed(ExpertServer server, Func<int> draw, int warm, CancellationToken cancel)
    {
        int served = 0;
        int batches = 0;
        bool isWarm = false;
        while (served < _options.Prompts)
        {
            if (!isWarm && served >= warm)
            {
                Forget(server);
                (isWarm, batches) = (true, 0);
            }
            double now = server.EndSeconds;
            server.Serve([.. Enumerable.Range(0, _options.Batch).Select(_ => new ExpertPrompt(now, draw()))], cancel);
            served += _options.Batch;
            batches++;
        }
        return (server.EndSeconds - _began) / batches;
    }

    /// <summary>Prompts at random times; the mean time of a prompt.</summary>
    private double Open(ExpertServer server, Func<int> draw, RandomStream arrivals, double rate, int warm, CancellationToken cancel)
    {
        double now = 0;
        var gap = new Exponential(1 / rate);
        ExpertPrompt[] prompts = [.. Enumerable.Range(0, _options.Prompts).Select(_ => new ExpertPrompt(now += gap.Sample(arrivals), draw()))];
        server.Serve(prompts[..warm], cancel);
        Forget(server);
        server.Serve(prompts[warm..], cancel);
        return server.Latency.Mean / NanosecondsPerSecond;
    }

    private void Forget(ExpertServer server)
    {
        server.Latency.Clear();
        (_began, _switches, _groups, _waited) = (server.EndSeconds, server.Switches, server.Groups, server.WaitSeconds);
    }

    private Func<int> Draw(RandomStream random)
    {
        if (_options.Popularity == 0) return () => random.NextInt(_options.Experts);
        var zipf = new Zipf(_options.Experts, _options.Popularity);
        return () => (int)zipf.SampleRank(random) - 1;
    }

    private ExpertTimes Times()
    {
        LayerKernels kernels = Kernels(IsFused);
        double prompt = _options.PromptTokens;
        // The router reads the prompt and gives one token, the expert's name.
        double Router(int prompts) => kernels.Seconds(prompts * prompt, prompts, (prompt + 1) / 2);
        double Run(int prompts)
        {
            double seconds = kernels.Seconds(prompts * prompt, prompts, (prompt + 1) / 2);
            for (int token = 1; token < _options.AnswerTokens; token++) seconds += kernels.Seconds(prompts, prompts, prompt + token);
            return seconds;
        }
        double[] router = [.. Enumerable.Range(0, MostTogether + 1).Select(Router)];
        double[] run = [.. Enumerable.Range(0, _options.LargestGroup + 1).Select(Run)];
        return new(count => count < router.Length ? router[count] : Router(count), count => run[count], _machine.SwitchSeconds(_expertBytes, _options.SwitchFixed.Seconds));
    }

    private int MostTogether => Math.Max(_options.Batch, _options.LargestGroup);

    private LayerKernels Kernels(bool isFused) => new(
        _model, _machine, isFused ? new(1, _options.FusedShare, true) : new(_options.UnfusedKernels, _options.UnfusedShare, false),
        _options.ComputeShare, _options.Launch.Seconds, _options.Collective.Seconds, BytesPerElement);

    private ExperimentTable Footprints() => new(
        "Machines for all experts", ["experts", "in fast memory", "with the slow tier", "peers in fast memory", "ratio"],
        [
            .. TableExperts.Append(_options.Experts).Distinct().Order().Select(experts =>
            {
                double bytes = experts * _expertBytes;
                double tier = Math.Ceiling(bytes / _machine.SlowBytes);
                double peers = Math.Ceiling(bytes / _options.PeerHbm.Count);
                return (IReadOnlyList<string>)[Text(experts), Text(Math.Ceiling(bytes / _machine.HbmBytes)), Text(tier), Text(peers), Text(peers / tier)];
            }),
        ]);

    private static string Text(double value) => ExperimentTable.Cell(value, 2);
}

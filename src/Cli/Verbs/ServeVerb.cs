using System.CommandLine;
using System.Runtime.InteropServices;
using Orrery.Cli.Shell;
using Orrery.Kernel;
using Orrery.Live.Gateway;
using Orrery.Live.Hosting;
using Orrery.Live.Metrics;
using Orrery.Live.Replicas;
using Orrery.Live.Settings;
using Orrery.Live.Tapes;
using Orrery.World.Cost;

namespace Orrery.Cli.Verbs;

/// <summary><c>serve</c>: models behind an OpenAI-compatible server.</summary>
internal sealed class ServeVerb : Verb
{
    private static readonly string Version = typeof(ServeVerb).Assembly.GetName().Version!.ToString(3);

    private readonly ServeFlags _flags = new();

    public ServeVerb()
        : base("serve", "Serve models to OpenAI clients: on the CPU engine under any live scheduler, and from other engines.",
            "serve", "serve --model model.gguf --scheduler sarathi-serve", "serve scenarios/serve/local.yaml --port 9000") => _flags.AddTo(this);

    public override IReadOnlyList<string> Notes { get; } =
    [
        "The API is that of OpenAI: /v1/chat/completions, /v1/completions, /v1/embeddings, /v1/models, with /tokenize, /detokenize, /health, /ready, /version, /metrics and /orrery/state. "
        + "Fields that are not supported are refused by name. Requests are logged to standard error, one line of JSON each, without prompts; --quiet writes none.",
        "SIGTERM and Ctrl-C let running answers end first (exit codes 0 and 130); a second one ends at once.",
    ];

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        ServeSettings settings = _flags.Read(parsed);
        KeyRing keys = KeyRing.Read(settings.Keys, Environment.GetEnvironmentVariable);
        LiveServer.CheckKeys(settings, keys);
        ServeFlags.RequireLive(settings);
        return RunAsync(settings, keys, terminal).GetAwaiter().GetResult();
    }

    private static async Task<int> RunAsync(ServeSettings settings, KeyRing keys, Terminal terminal)
    {
        if (settings.Record is not { } record) return await ServeAsync(settings, keys, terminal, null).ConfigureAwait(false);
        using TapeRecorder tape = TapeRecorder.Create(record);
        // A second signal ends the process at once, but not without the tape.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => tape.Flush();
        try
        {
            return await ServeAsync(settings, keys, terminal, tape).ConfigureAwait(false);
        }
        catch (InputException)
        {
            // Nothing was served: the corrected second try finds no file in its way.
            File.Delete(record);
            throw;
        }
    }

    private static async Task<int> ServeAsync(ServeSettings settings, KeyRing keys, Terminal terminal, TapeRecorder? tape)
    {
        ModelMetrics metrics = new();
        Dictionary<string, ICostModel> stepTimes = settings.Models.Where(model => model.StepTimes is not null).Select(model => model.StepTimes!).Distinct().ToDictionary(path => path, StepTimesFile.Load);
        await using LiveHost host = LiveHost.Start(settings.Models, new()
        {
            Tape = tape,
            Observers = [metrics.Watch],
            Metrics = metrics.Write,
            StepTimes = model => model.StepTimes is { } path ? stepTimes[path] : null,
        });
        await using UpstreamGateway? gateway = OpenGateway(settings);
        if (gateway is not null)
        {
            // The line that says what is served names the upstreams' models too.
            gateway.Start();
            await gateway.RefreshAsync(terminal.Interrupted).ConfigureAwait(false);
        }
        HttpMetrics http = new();
        using RequestTracing? tracing = settings.Traces is { } collector ? RequestTracing.To(collector, Version) : null;
        RequestLogWriter? log = terminal.IsQuiet ? null : new(Console.OpenStandardError());
        LiveServer server = await LiveServer.StartAsync(settings, new(host, keys, TimeProvider.System)
        {
            Gateway = gateway,
            Http = http,
            Metrics = new(http, new(TimeProvider.System.GetUtcNow()), EnergyMeter.Open()),
            Tracing = tracing ?? RequestTracing.Off,
            Log = log is null ? null : log.Write,
        }).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            using CancellationTokenSource terminated = new();
            using PosixSignalRegistration signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
            {
                if (terminated.IsCancellationRequested) Environment.Exit(ExitCode.Interrupted);
                context.Cancel = true;
                terminated.Cancel();
            });
            terminal.WatchInterrupt("running answers end first");
            terminal.Output.WriteLine($"listening on {server.Address.GetLeftPart(UriPartial.Authority)}, models: {string.Join(", ", server.Models)}");
            terminal.Output.Flush();
            await StopAsked(terminated.Token, terminal.Interrupted).ConfigureAwait(false);
            int cutOff = await server.DrainAsync(TimeSpan.FromSeconds(settings.Drain.Seconds)).ConfigureAwait(false);
            if (cutOff > 0) terminal.Error.WriteLine($"{cutOff} {(cutOff == 1 ? "request was" : "requests were")} cut off at the end of the drain");
            if (tape?.Lost is { } lost) terminal.Error.WriteLine($"{settings.Record}: the tape ends early: {lost.TrimEnd('.')}");
            return terminal.Interrupted.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Done;
        }
    }

    private static async Task StopAsked(params CancellationToken[] signals)
    {
        TaskCompletionSource stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
        CancellationTokenRegistration[] registrations = [.. signals.Select(signal => signal.Register(() => stop.TrySetResult()))];
        await stop.Task.ConfigureAwait(false);
        foreach (CancellationTokenRegistration registration in registrations) await registration.DisposeAsync().ConfigureAwait(false);
    }

    private static UpstreamGateway? OpenGateway(ServeSettings settings) => settings.Upstreams is { } upstreams
        ? new(GatewaySettings.Read(settings.Gateway, upstreams), UpstreamGateway.CreateHandler(), TimeProvider.System, settings.Seed)
        : null;
}

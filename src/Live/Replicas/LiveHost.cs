using System.Collections.Concurrent;
using Orrery.Kernel;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Units;
using Orrery.Live.Designs;
using Orrery.Live.Settings;
using Orrery.Live.Streams;

namespace Orrery.Live.Replicas;

/// <summary>The models of this process and the one loop that runs them all.</summary>
public sealed class LiveHost : ILiveHost, IAsyncDisposable
{
    private readonly WallClock _clock;
    private readonly Thread _loop;
    private readonly List<LiveModel> _models = [];
    private readonly LiveOptions _options;
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _fault;
    private bool _drains;
    private bool _isDisposed;
    private bool _hasEnded;

    /// <summary>Questions that wait for the loop.</summary>
    private readonly ConcurrentDictionary<TaskCompletionSource<string>, bool> _asked = new();

    private LiveHost(LiveOptions options)
    {
        _options = options;
        _clock = new(options.Time) { OnInstant = options.Tape is { } tape ? tape.OnInstant : null };
        _loop = new(Run) { Name = "loop of the live host", IsBackground = true };
    }

    /// <inheritdoc/>
    public IReadOnlyList<ILiveModel> Models => _models;

    /// <inheritdoc/>
    public string? Fault => Volatile.Read(ref _fault);

    /// <summary>Loads the models and starts to serve them.</summary>
    /// <exception cref="InputException">Settings or files that cannot be used, or more than the machine's memory holds.</exception>
    public static LiveHost Start(IReadOnlyList<ModelSettings> models, LiveOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(models);
        LiveHost host = new(options ?? new());
        try
        {
            foreach (ModelSettings settings in models) host.Add(settings);
        }
        catch
        {
            foreach (LiveModel model in host._models) model.Dispose();
            host._clock.Dispose();
            throw;
        }
        host._loop.Start();
        return host;
    }

    /// <inheritdoc/>
    public Task<string> MetricsAsync(CancellationToken cancellation) => Ask(() => _options.Metrics(this), cancellation);

    /// <inheritdoc/>
    public Task<string> StateAsync(CancellationToken cancellation) => Ask(() => LiveState.Write(_models), cancellation);

    /// <summary>Takes no more requests and waits until those that run have been served; what is left at the limit fails.</summary>
    public async Task DrainAsync(TimeSpan limit)
    {
        foreach (LiveModel model in _models) model.Refuse();
        _clock.Post(() =>
        {
            _drains = true;
            CheckIdle();
        });
        try
        {
            await _idle.Task.WaitAsync(limit, _options.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _clock.Post(() =>
            {
                foreach (LiveModel model in _models) model.Abandon("the service was stopped before the answer was complete");
            });
            await _idle.Task.ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Task EndAnswersAsync() => DrainAsync(TimeSpan.Zero);

    /// <summary>Stops at once: what still runs fails.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        await DrainAsync(TimeSpan.Zero).ConfigureAwait(false);
        _clock.Stop();
        await Task.Run(_loop.Join).ConfigureAwait(false);
        foreach (LiveModel model in _models) model.Dispose();
        _clock.Dispose();
    }

    private void Add(ModelSettings settings)
    {
        Bytes machine = _options.Memory ?? new(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        LoadedEngine engine = LoadedEngine.Load(settings, machine - new Bytes(_models.Sum(other => other.Memory.Count)));
        LiveModel model;
        try
        {
            string id = settings.Id ?? engine.Name;
            if (_models.Exists(other => other.Id == id)) throw new InputException($"two models are called {id}; give one of them another id");
            int context = settings.ContextLength > 0 ? settings.ContextLength : engine.Model.Config.ContextLength;
            LiveDesign design = LiveDesigns.Of(settings, id, engine.Model.KvShape, context, machine, _options.StepTimes(settings) is not null);
            model = new(_models.Count, settings, engine, design, _clock, _options, OnFault) { OnLeft = CheckIdle };
        }
        catch
        {
            engine.Dispose();
            throw;
        }
        _models.Add(model);
        Bytes wanted = new(_models.Sum(other => other.Memory.Count));
        if (wanted > machine)
            throw new InputException($"model {model.Id}: weights, KV and pools of all models take {wanted}, and the machine has {machine}; write smaller kvMemory or swap values, or serve fewer models");
    }

    private void Run()
    {
        string ended = "the service was stopped before the answer was complete";
#pragma warning disable CA1031 // A loop that fails is told to everybody who waits for it.
        try
        {
            _clock.Run(serveForever: true);
        }
        catch (Exception error)
        {
            ended = $"the service failed: {(error.InnerException ?? error).Message}";
            Interlocked.CompareExchange(ref _fault, ended, null);
        }
#pragma warning restore CA1031
        foreach (LiveModel model in _models) model.EndAll(ended);
        Volatile.Write(ref _hasEnded, true);
        EndAsked();
        _idle.TrySetResult();
    }

    /// <summary>A loop that has ended answers nobody.</summary>
    private void EndAsked()
    {
        foreach (TaskCompletionSource<string> answer in _asked.Keys)
            if (_asked.TryRemove(answer, out _)) answer.TrySetException(new InputException(Fault ?? "the service has stopped"));
    }

    /// <summary>The others go on; with the last of them the service ends.</summary>
    private void OnFault(string fault)
    {
        if (_models.TrueForAll(static model => model.Fault is not null)) Interlocked.CompareExchange(ref _fault, fault, null);
    }

    private void CheckIdle()
    {
        if (_drains && _models.TrueForAll(static model => model.LiveAnswers == 0)) _idle.TrySetResult();
    }

    private Task<string> Ask(Func<string> write, CancellationToken cancellation)
    {
        TaskCompletionSource<string> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked.TryAdd(answer, true);
        _clock.Post(() =>
        {
            _asked.TryRemove(answer, out _);
#pragma warning disable CA1031 // Whoever asked gets whatever was thrown; the loop goes on.
            try
            {
                answer.TrySetResult(write());
            }
            catch (Exception error)
            {
                answer.TrySetException(error);
            }
#pragma warning restore CA1031
        });
        if (Volatile.Read(ref _hasEnded)) EndAsked();
        return answer.Task.WaitAsync(cancellation);
    }
}

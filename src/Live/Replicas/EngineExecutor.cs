using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;

namespace Orrery.Live.Replicas;

/// <summary>Runs plans on a real model in wall time, one step at a time, on a thread of the model's own.</summary>
internal sealed class EngineExecutor : IStepExecutor
{
    private readonly Clock _clock;
    private readonly EngineThread _thread;
    private readonly EngineStep _step;
    private readonly Dictionary<long, LiveAnswer> _answers;
    private readonly Action<EngineStep, StepRun> _deliver;
    private readonly Action<Exception> _fail;
    private readonly Action _execute;
    private readonly Action _finish;
    private StepRun? _run;
    private ExternalWork? _work;
    private Exception? _fault;

    /// <param name="clock">The loop.</param>
    /// <param name="thread">Where the model computes.</param>
    /// <param name="step">Reused from step to step.</param>
    /// <param name="answers">By the number of their request; the loop's.</param>
    /// <param name="deliver">Hands what the step brought to its readers; on the loop, before the replica learns of the end.</param>
    /// <param name="fail">The engine threw; on the loop. No step completes after that.</param>
    public EngineExecutor(
        Clock clock, EngineThread thread, EngineStep step, Dictionary<long, LiveAnswer> answers, Action<EngineStep, StepRun> deliver, Action<Exception> fail)
    {
        _clock = clock;
        _thread = thread;
        _step = step;
        _answers = answers;
        _deliver = deliver;
        _fail = fail;
        _execute = Execute;
        _finish = Finish;
    }

    public int Depth => 1;

    public bool RunsAhead => false;

    public Instant ReadyAt => Instant.Zero;

    public void Start(StepRun run)
    {
        _run = run;
        _step.Prepare(run.Plan, _answers);
        _work = _clock.BeginExternal();
        _thread.Start(_execute);
    }

    public void Extend(StepRun run) => throw new InvalidOperationException("an engine does not know ends ahead");

    private void Execute()
    {
#pragma warning disable CA1031 // Whatever the engine throws ends this model, in words, and not the process.
        try
        {
            _step.Run();
        }
        catch (Exception error)
        {
            _fault = error;
        }
#pragma warning restore CA1031
        _work!.Complete(_finish);
    }

    private void Finish()
    {
        if (_fault is not null)
        {
            _fail(_fault);
            return;
        }
        _deliver(_step, _run!);
        _run!.Complete(_clock.Now);
    }
}

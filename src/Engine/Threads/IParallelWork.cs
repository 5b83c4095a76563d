namespace Orrery.Engine.Threads;

/// <summary>Work that several threads do together; each takes its share by its number.</summary>
public interface IParallelWork
{
    /// <summary>Does the share of one thread. Called once on every worker; no share may write what another reads.</summary>
    /// <param name="worker">This thread's number, from zero.</param>
    /// <param name="workers">How many threads share the work.</param>
    void Run(int worker, int workers);
}

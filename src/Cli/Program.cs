using Orrery.Cli;
using Orrery.Cli.Shell;

using Terminal terminal = Terminal.OfProcess();
return EntryPoint.Run(args, terminal);

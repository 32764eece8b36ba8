//! From sqlparser's tree to ours.

use super::super::dialect::{EXISTS, IN, SELECT, SELECT_VALUE, shortened};
use super::super::error::SqlError;
use super::super::expression::{Case, Expression, Literal, Operator, Type};
use super::super::function::Function;
use super::super::number::Number;
use super::super::statement::{Item, Query, Select};
use super::Reader;
use sqlparser::ast::{
    self, AccessExpr, BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Spanned, UnaryOperator,
};
use sqlparser::tokenizer::Location;

impl Reader<'_> {
    /// Makes our tree of sqlparser's. A chain of operators leans to the left and may be as long as the statement, so its
    /// spine is walked in a loop; the operands' nesting is bounded by sqlparser.
    pub(super) fn lower(&self, tree: Expr) -> Result<Expression, SqlError> {
        let mut spine = Vec::new();
        let mut tree = tree;
        while let Expr::BinaryOp { left, op, right } = tree {
            spine.push((op, right));
            tree = *left;
        }
        let mut expression = self.lower_operand(tree)?;
        while let Some((op, right)) = spine.pop() {
            let operator = operator(&op).ok_or_else(|| self.unknown(right.span().start, &op))?;
            let right = Box::new(self.lower(*right)?);
            expression = Expression::Binary { left: Box::new(expression), operator, right };
        }
        Ok(expression)
    }

    fn lower_operand(&self, tree: Expr) -> Result<Expression, SqlError> {
        let location = tree.span().start;
        Ok(match tree {
            Expr::Nested(inner) => self.lower(*inner)?,
            Expr::CompoundIdentifier(path) => Expression::Path(path.into_iter().map(|name| name.value).collect()),
            Expr::Identifier(name) => Expression::Variable(self.variable(&name)?),
            Expr::Value(value) => Expression::Literal(self.literal(value)?),
            Expr::Function(call) => self.call(call)?,
            Expr::CompoundFieldAccess { root, access_chain } => self.field(location, *root, access_chain)?,
            Expr::Array(array) => Expression::Array(self.all(array.elem)?),
            Expr::Dictionary(entries) => {
                let entry = |entry: ast::DictionaryField| Ok((entry.key.value, self.lower(*entry.value)?));
                Expression::Object(entries.into_iter().map(entry).collect::<Result<_, _>>()?)
            }
            Expr::Case { operand: Some(value), conditions, else_result, .. } => {
                let value = self.lower(*value)?;
                let branch = |when: ast::CaseWhen| Ok((self.lower(when.condition)?, self.lower(when.result)?));
                let branches = conditions.into_iter().map(branch).collect::<Result<_, _>>()?;
                let otherwise = else_result.map(|result| self.lower(*result)).transpose()?;
                Expression::Case(Box::new(Case { value, branches, otherwise }))
            }
            Expr::Cast { expr, data_type, .. } => {
                let to = Type::named(&data_type.to_string()).ok_or_else(|| self.unknown(location, &data_type))?;
                Expression::Cast { value: Box::new(self.lower(*expr)?), to }
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Expression::Not(Box::new(self.lower(*expr)?)),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match self.lower(*expr)? {
                Expression::Literal(Literal::Number(number)) => Expression::Literal(Literal::Number(number.negate())),
                other => Expression::Negate(Box::new(other)),
            },
            other => return Err(self.unknown(location, &other)),
        })
    }

    fn all(&self, trees: Vec<Expr>) -> Result<Vec<Expression>, SqlError> {
        trees.into_iter().map(|tree| self.lower(tree)).collect()
    }

    /// What sqlparser reads and AWS does not have.
    fn unknown(&self, location: Location, what: &impl ToString) -> SqlError {
        self.at(location, format!("AWS IoT SQL has no {}", shortened(&what.to_string())))
    }

    fn variable(&self, name: &ast::Ident) -> Result<String, SqlError> {
        let variable = name.value.trim_start_matches('@');
        let Some(known) = &self.known else {
            return Ok(variable.to_owned());
        };
        if known.iter().any(|other| other == variable) {
            return Ok(variable.to_owned());
        }
        let hint = match known.iter().map(|name| format!("@{name}")).collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => format!("set it in front of SELECT: SET @{variable} = …"),
            names => format!("the variables that are set up to here: {names}"),
        };
        Err(self.at(name.span.start, format!("@{variable} is not set here")).hint(hint))
    }

    fn field(&self, location: Location, root: Expr, chain: Vec<AccessExpr>) -> Result<Expression, SqlError> {
        let mut path = Vec::with_capacity(chain.len());
        for access in chain {
            match access {
                AccessExpr::Dot(Expr::Identifier(name)) if name.quote_style.is_none() => path.push(name.value),
                other => return Err(self.unknown(location, &other)),
            }
        }
        Ok(match self.lower(root)? {
            // `(a).b` is `a.b`.
            Expression::Path(mut own) => {
                own.append(&mut path);
                Expression::Path(own)
            }
            Expression::Field { of, path: mut own } => {
                own.append(&mut path);
                Expression::Field { of, path: own }
            }
            of => Expression::Field { of: Box::new(of), path },
        })
    }

    fn literal(&self, value: ast::ValueWithSpan) -> Result<Literal, SqlError> {
        let location = value.span.start;
        Ok(match value.value {
            ast::Value::Null => Literal::Null,
            ast::Value::Boolean(bool) => Literal::Bool(bool),
            ast::Value::SingleQuotedString(text) | ast::Value::DoubleQuotedString(text) => Literal::String(text),
            ast::Value::Number(text, _) => Literal::Number(Number::from_text(&text).ok_or_else(|| {
                let error = self.at(location, format!("{} is no number of AWS IoT SQL", shortened(&text)));
                error.hint("a number has digits on both sides of its point, and is at most 9.99E999")
            })?),
            other => return Err(self.unknown(location, &other)),
        })
    }

    fn call(&self, call: ast::Function) -> Result<Expression, SqlError> {
        let location = call.name.span().start;
        let name = call.name.to_string();
        match name.as_str() {
            SELECT | SELECT_VALUE => return Ok(Expression::Query(Box::new(self.query(location, call)?))),
            EXISTS => {
                let arguments = self.arguments(location, call.args)?;
                return match <[FunctionArg; 1]>::try_from(arguments) {
                    Ok([FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(query)))]) => {
                        Ok(Expression::Exists(Box::new(self.query(location, query)?)))
                    }
                    _ => Err(self.unknown(location, &EXISTS)),
                };
            }
            _ => {}
        }
        if let Some(why) = Function::needs_aws(&name) {
            return Err(self.at(location, why));
        }
        let Some(function) = Function::named(&name) else {
            let error = self.at(location, format!("there is no function {}() in AWS IoT SQL", shortened(&name)));
            return Err(match Function::nearest(&name) {
                _ if Function::is_aggregate(&name) => error.hint(
                    "a rule sees one message at a time: there are no others to count, to add up or to compare with",
                ),
                Some(near) => error.hint(format!("did you mean {near}()?")),
                None => error,
            });
        };
        let arguments = self.arguments(location, call.args)?;
        if let Some(why) = function.needs_aws_with(arguments.len(), arguments.get(1).and_then(text)) {
            return Err(self.at(location, why));
        }
        let (least, most) = function.arity();
        if !(least..=most).contains(&arguments.len()) {
            let count = if least == most { least.to_string() } else { format!("{least} to {most}") };
            let plural = if count == "1" { "" } else { "s" };
            let why = format!("{function}() takes {count} argument{plural}, not {}", arguments.len());
            return Err(self.at(location, why));
        }
        let argument = |argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(tree)) => self.lower(tree),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if function.name() == "encode" => Ok(Expression::Payload),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => {
                let why = format!("{function}() does not take the payload, *");
                Err(self.at(location, why).hint("encode(*, 'base64') makes a string of the payload"))
            }
            other => Err(self.unknown(location, &other)),
        };
        let arguments = arguments.into_iter().map(argument).collect::<Result<_, _>>()?;
        Ok(Expression::Call { function, arguments })
    }

    fn arguments(&self, location: Location, arguments: FunctionArguments) -> Result<Vec<FunctionArg>, SqlError> {
        match arguments {
            FunctionArguments::List(list) => Ok(list.args),
            other => Err(self.unknown(location, &other)),
        }
    }

    fn query(&self, location: Location, call: ast::Function) -> Result<Query, SqlError> {
        let value = call.name.to_string() == SELECT_VALUE;
        let select = self.select((value, self.arguments(location, call.args)?))?;
        let from = self.arguments(location, call.parameters)?;
        let (from, alias) = match <[FunctionArg; 1]>::try_from(from) {
            Ok([FunctionArg::Unnamed(FunctionArgExpr::Expr(from))]) => (self.lower(from)?, None),
            Ok([FunctionArg::ExprNamed { name: Expr::Identifier(alias), arg: FunctionArgExpr::Expr(from), .. }]) => {
                (self.lower(from)?, Some(alias.value))
            }
            _ => return Err(self.unknown(location, &SELECT)),
        };
        let condition = call.filter.map(|condition| self.lower(*condition)).transpose()?;
        Ok(Query { select, from, alias, condition })
    }

    /// What [`super::select_list`] has read.
    pub(super) fn select(&self, (value, items): (bool, Vec<FunctionArg>)) -> Result<Select, SqlError> {
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            list.push(match item {
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if value => return Ok(Select::Payload),
                FunctionArg::Unnamed(FunctionArgExpr::Expr(tree)) if value => {
                    return Ok(Select::Value(self.lower(tree)?));
                }
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Item::All,
                FunctionArg::Unnamed(FunctionArgExpr::Expr(tree)) => {
                    Item::Field { expression: self.lower(tree)?, alias: None }
                }
                FunctionArg::ExprNamed {
                    name: Expr::CompoundIdentifier(alias),
                    arg: FunctionArgExpr::Expr(tree),
                    ..
                } => {
                    let alias = alias.into_iter().map(|name| name.value).collect();
                    Item::Field { expression: self.lower(tree)?, alias: Some(alias) }
                }
                other => return Err(self.unknown(Location::empty(), &other)),
            });
        }
        Ok(Select::List(list))
    }
}

/// The text of an argument that is a literal string.
fn text(argument: &FunctionArg) -> Option<&str> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) => match &value.value {
            ast::Value::SingleQuotedString(text) | ast::Value::DoubleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

fn operator(op: &BinaryOperator) -> Option<Operator> {
    Some(match op {
        BinaryOperator::Or => Operator::Or,
        BinaryOperator::And => Operator::And,
        BinaryOperator::Eq => Operator::Equal,
        BinaryOperator::NotEq => Operator::NotEqual,
        BinaryOperator::Lt => Operator::Less,
        BinaryOperator::LtEq => Operator::LessEqual,
        BinaryOperator::Gt => Operator::Greater,
        BinaryOperator::GtEq => Operator::GreaterEqual,
        BinaryOperator::Plus => Operator::Add,
        BinaryOperator::Minus => Operator::Subtract,
        BinaryOperator::Multiply => Operator::Multiply,
        BinaryOperator::Divide => Operator::Divide,
        BinaryOperator::Modulo => Operator::Remainder,
        BinaryOperator::Custom(name) if name == IN => Operator::In,
        _ => return None,
    })
}
